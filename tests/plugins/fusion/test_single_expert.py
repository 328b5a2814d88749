"""Fusions with one expert: none, concat, film, cross-attention."""

from __future__ import annotations

import pytest
import torch
from reference.weights import shaken

from msftk.errors import InputError
from msftk.interfaces import Acoustics, FusionSizes, SemanticGroup
from msftk_plugins.fusion.acoustic_only import AcousticOnly
from msftk_plugins.fusion.concat import Concat
from msftk_plugins.fusion.cross_attention import CrossAttention
from msftk_plugins.fusion.film import Film

SIZES = FusionSizes(frame_dim=3, pooled_dim=6, groups={"transcript": 5, "extended": 4}, n_attributes=3)
NO_GROUPS = FusionSizes(frame_dim=3, pooled_dim=6, groups={}, n_attributes=3)


@pytest.fixture
def acoustics() -> Acoustics:
    return Acoustics(torch.randn(2, 1, 6), torch.ones(2, 1, dtype=torch.bool), lambda frames, _: frames[:, 0])


def groups(*here: bool) -> dict[str, SemanticGroup]:
    present = torch.tensor(here)
    return {n: SemanticGroup(torch.randn(2, dim) * present[:, None], present) for n, dim in SIZES.groups.items()}


def test_none_passes_pooled_acoustics(acoustics: Acoustics) -> None:
    fused = AcousticOnly(AcousticOnly.Options(), SIZES)(acoustics, groups(True, True))
    assert torch.equal(fused.experts[:, 0], acoustics.pooled)
    assert torch.equal(fused.routing, torch.ones(1, 3, 1))


def test_concat_puts_acoustics_first_and_zeros_for_absent_groups(acoustics: Acoustics) -> None:
    fused = Concat(Concat.Options(), SIZES)(acoustics, groups(True, False))
    assert fused.experts.shape == (2, 1, 15)
    assert torch.equal(fused.experts[:, 0, :6], acoustics.pooled)
    assert fused.experts[0, 0, 6:].all()
    assert not fused.experts[1, 0, 6:].any()


def test_film_without_any_group_present_leaves_acoustics(acoustics: Acoustics) -> None:
    fused = shaken(Film(Film.Options(hidden=4), SIZES))(acoustics, groups(True, False))
    assert not torch.equal(fused.experts[0, 0], acoustics.pooled[0])
    assert torch.equal(fused.experts[1, 0], acoustics.pooled[1])


def test_film_starts_at_the_acoustic_vector(acoustics: Acoustics) -> None:
    fused = Film(Film.Options(hidden=4), SIZES)(acoustics, groups(True, True))
    assert torch.equal(fused.experts[:, 0], acoustics.pooled)


@pytest.mark.parametrize(("fusion", "name"), [(Concat, "concat"), (Film, "film"), (CrossAttention, "cross-attention")])
def test_fusion_with_nothing_to_fuse_is_refused(fusion: type, name: str) -> None:
    with pytest.raises(InputError, match=f"fusion '{name}' needs a semantic source. Name one by --semantics, or take"):
        fusion(fusion.Options(), NO_GROUPS)
