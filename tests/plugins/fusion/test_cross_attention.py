from __future__ import annotations

import numpy as np
import pytest
import torch
from reference import equations
from reference.weights import shaken, weights

from msftk.errors import InputError
from msftk.interfaces import Acoustics, FusionSizes, SemanticGroup
from msftk_plugins.fusion.cross_attention import CrossAttention
from msftk_plugins.poolings.attentive_statistics import AttentiveStatistics

SIZES = FusionSizes(frame_dim=3, pooled_dim=6, groups={"transcript": 5, "extended": 4}, n_attributes=3)
LENGTHS = (6, 2, 4)


@pytest.fixture
def acoustics() -> Acoustics:
    pooling = shaken(AttentiveStatistics(AttentiveStatistics.Options(), dim=3))
    return Acoustics(torch.randn(3, 6, 3), torch.arange(6) < torch.tensor(LENGTHS)[:, None], pooling)


@pytest.fixture
def groups() -> dict[str, SemanticGroup]:
    """The first utterance has both groups, the second its transcript, the third nothing."""
    present = {"transcript": torch.tensor([True, True, False]), "extended": torch.tensor([True, False, False])}
    return {n: SemanticGroup(torch.randn(3, dim) * present[n][:, None], present[n]) for n, dim in SIZES.groups.items()}


def make_fusion(query: str, **options: object) -> CrossAttention:
    return shaken(CrossAttention(CrossAttention.Options(query=query, hidden=8, heads=2, **options), SIZES))


def h_sem(fusion: CrossAttention, groups: dict[str, SemanticGroup], row: int) -> np.ndarray:
    vectors = {n: g.vector[row].double().numpy() if g.present[row] else None for n, g in groups.items()}
    return equations.joined(vectors, weights(fusion.join))


def test_meaning_that_asks_frames_equals_the_equation(acoustics: Acoustics, groups: dict[str, SemanticGroup]) -> None:
    fusion = make_fusion("semantics")
    experts = fusion(acoustics, groups).experts[:, 0].detach()
    assert experts.shape == (3, fusion.out_dim) == (3, 6 + 8)
    for row in (0, 1):
        frames = acoustics.frames[row, : LENGTHS[row]].double().numpy()
        expected = equations.heard_by_meaning(frames, h_sem(fusion, groups, row), weights(fusion.attention), heads=2)
        np.testing.assert_allclose(experts[row, 6:], expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(experts[:, :6], acoustics.pooled)
    assert not experts[2, 6:].any()  # no meaning: nothing heard


def test_frames_that_ask_meaning_equal_the_equation(acoustics: Acoustics, groups: dict[str, SemanticGroup]) -> None:
    fusion = make_fusion("frames")
    experts = fusion(acoustics, groups).experts[:, 0].detach()
    assert experts.shape == (3, fusion.out_dim) == (3, 6)
    for row in (0, 1):
        frames = acoustics.frames[row, : LENGTHS[row]].double().numpy()
        told = equations.frames_told_meaning(frames, h_sem(fusion, groups, row), weights(fusion.attention), heads=2)
        expected = equations.attentive_statistics(told, weights(acoustics.pool))
        np.testing.assert_allclose(experts[row], expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(experts[2], acoustics.pooled[2])


@pytest.mark.parametrize("query", ["semantics", "frames"])
def test_padded_frames_are_not_attended_to(query: str, acoustics: Acoustics, groups: dict[str, SemanticGroup]) -> None:
    fusion = make_fusion(query, group_merge="gated")
    garbage = acoustics.frames.masked_fill(~acoustics.valid[..., None], 1e3)
    other = Acoustics(garbage, acoustics.valid, acoustics.pool)
    torch.testing.assert_close(fusion(other, groups).experts, fusion(acoustics, groups).experts)


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(InputError, match=r"fusion\.heads is 3: it does not divide fusion\.hidden \(8\)"):
        CrossAttention(CrossAttention.Options(hidden=8, heads=3), SIZES)
