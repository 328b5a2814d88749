from __future__ import annotations

import numpy as np
import torch
from reference import equations
from reference.weights import shaken, weights

from msftk.models.film import FilmLayer


def test_film_equals_equations_5_and_6() -> None:
    film = shaken(FilmLayer(condition_dim=5, dim=4, hidden=6, dropout=0.5))
    h_audio, h_sem = torch.randn(3, 4), torch.randn(3, 5)
    modulated = film(h_audio, h_sem, torch.ones(3, dtype=torch.bool)).detach().numpy()
    for row in range(3):
        expected = equations.film(h_audio[row].double().numpy(), h_sem[row].double().numpy(), weights(film))
        np.testing.assert_allclose(modulated[row], expected, rtol=1e-5, atol=1e-6)


def test_film_starts_at_the_unmodulated_vector() -> None:
    h_audio = torch.randn(3, 4)
    film = FilmLayer(condition_dim=5, dim=4, hidden=6)
    assert torch.equal(film(h_audio, torch.randn(3, 5), torch.ones(3, dtype=torch.bool)), h_audio)


def test_film_leaves_an_utterance_without_condition_as_it_is() -> None:
    film = shaken(FilmLayer(condition_dim=5, dim=4, hidden=6))
    h_audio, present = torch.randn(2, 4), torch.tensor([True, False])
    modulated = film(h_audio, torch.zeros(2, 5), present)
    assert torch.equal(modulated[1], h_audio[1])
    assert not torch.equal(modulated[0], h_audio[0])


def test_film_modulates_every_frame_of_an_utterance_alike() -> None:
    film = shaken(FilmLayer(condition_dim=5, dim=4, hidden=6))
    frames, h_sem, present = torch.randn(2, 7, 4), torch.randn(2, 5), torch.tensor([True, False])
    by_frame = torch.stack([film(frames[:, t], h_sem, present) for t in range(7)], dim=1)
    torch.testing.assert_close(film(frames, h_sem, present), by_frame)
