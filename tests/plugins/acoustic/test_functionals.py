from __future__ import annotations

import numpy as np
import pytest
import torch

from msftk_plugins.acoustic.functionals import FARTHEST_SD, Functionals
from msftk_plugins.acoustic.summary import N_FUNCTIONALS, functionals
from msftk_plugins.acoustic.tracks import measure, mel_filters

NOISE = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
F0_HZ = np.full(201, 150.0)


def test_an_utterance_is_one_frame_of_its_functionals() -> None:
    encoder = Functionals(Functionals.Options(width=6)).eval()
    prepared = torch.as_tensor(encoder.prepare(NOISE, F0_HZ))
    assert prepared.shape == (1, N_FUNCTIONALS)
    np.testing.assert_allclose(prepared[0], functionals(measure(NOISE, F0_HZ, mel_filters(40))), rtol=1e-5)
    frames, valid = encoder(torch.stack([prepared, prepared]), torch.tensor([1, 1]))
    assert frames.shape == (2, 1, 6)
    assert valid.all()


def test_functionals_are_normalised_over_training_utterances() -> None:
    encoder = Functionals(Functionals.Options())
    encoder.fit(torch.full((1, N_FUNCTIONALS), value) for value in (1.0, 3.0))
    assert (encoder.mean == 2).all()
    assert (encoder.sd == 1).all()


def test_what_never_varied_in_training_is_not_blown_up() -> None:
    encoder = Functionals(Functionals.Options())
    encoder.fit([torch.ones(1, N_FUNCTIONALS)] * 3)
    assert (encoder.sd >= 1e-4).all()


def test_an_odd_recording_is_cut_at_four_standard_deviations() -> None:
    encoder = Functionals(Functionals.Options()).eval()
    edge = torch.full((1, 1, N_FUNCTIONALS), FARTHEST_SD)
    torch.testing.assert_close(encoder(1e6 * edge, torch.tensor([1]))[0], encoder(edge, torch.tensor([1]))[0])


def test_missing_f0_is_told() -> None:
    with pytest.raises(ValueError, match="reads F0"):
        Functionals(Functionals.Options()).prepare(NOISE, None)
