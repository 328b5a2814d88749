"""FiLM on frames before pooling, in the fusions film and fm-moe."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reference import equations
from reference.weights import shaken, weights

from msftk.interfaces import Acoustics, FusionSizes, SemanticGroup
from msftk_plugins.fusion.film import Film
from msftk_plugins.fusion.fm_moe import FmMoe
from msftk_plugins.poolings.attentive_statistics import AttentiveStatistics

SIZES = FusionSizes(frame_dim=3, pooled_dim=6, groups={"transcript": 5}, n_attributes=3)
LENGTHS = (6, 2)


@pytest.fixture
def pooling() -> AttentiveStatistics:
    return shaken(AttentiveStatistics(AttentiveStatistics.Options(), dim=3))


@pytest.fixture
def acoustics(pooling: AttentiveStatistics) -> Acoustics:
    return Acoustics(torch.randn(2, 6, 3), torch.arange(6) < torch.tensor(LENGTHS)[:, None], pooling)


def group(*here: bool) -> dict[str, SemanticGroup]:
    present = torch.tensor(here)
    return {"transcript": SemanticGroup(torch.randn(2, 5) * present[:, None], present)}


def pooled_after_film(acoustics: Acoustics, h_sem: torch.Tensor, film: dict, norm: str, name: str) -> list[np.ndarray]:
    """Each utterance in NumPy: every frame modulated, then pooled."""
    pooled = []
    for row, n in enumerate(LENGTHS):
        condition = equations.layer_norm(h_sem[row].double().numpy(), film, norm)
        frames = [equations.film(h.double().numpy(), condition, film, name) for h in acoustics.frames[row, :n]]
        pooled.append(equations.attentive_statistics(np.array(frames), weights(acoustics.pool)))
    return pooled


def test_film_modulates_frames_and_pools_again(acoustics: Acoustics) -> None:
    fusion = shaken(Film(Film.Options(film_at="frames", hidden=4), SIZES))
    groups = group(True, True)
    expected = pooled_after_film(
        acoustics, groups["transcript"].vector, weights(fusion), "join.norms.transcript", "film."
    )
    np.testing.assert_allclose(fusion(acoustics, groups).experts[:, 0].detach(), expected, rtol=1e-4, atol=1e-5)


def test_fm_moe_modulates_frames_and_pools_again(acoustics: Acoustics) -> None:
    fusion = shaken(FmMoe(FmMoe.Options(film_at="frames", hidden=4), SIZES))
    groups = group(True, True)
    w = weights(fusion)
    pooled = pooled_after_film(acoustics, groups["transcript"].vector, w, "joins.0.norms.transcript", "films.0.")
    expected = [equations.relu(equations.linear(h, w, "experts.1.0")) for h in pooled]
    np.testing.assert_allclose(fusion(acoustics, groups).experts[:, 1].detach(), expected, rtol=1e-4, atol=1e-5)


def test_without_a_group_frames_are_left_and_at_the_start_too(acoustics: Acoustics) -> None:
    fusion = Film(Film.Options(film_at="frames", hidden=4), SIZES).eval()
    torch.testing.assert_close(fusion(acoustics, group(True, True)).experts[:, 0], acoustics.pooled)
    moved = shaken(fusion)(acoustics, group(True, False)).experts[:, 0]
    assert not torch.allclose(moved[0], acoustics.pooled[0])
    torch.testing.assert_close(moved[1], acoustics.pooled[1])
