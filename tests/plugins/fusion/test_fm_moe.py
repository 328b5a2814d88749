from __future__ import annotations

import numpy as np
import torch
from reference import equations
from reference.weights import shaken, weights

from msftk.interfaces import Acoustics, FusionSizes, SemanticGroup
from msftk_plugins.fusion.fm_moe import FmMoe

SIZES = FusionSizes(frame_dim=3, pooled_dim=6, groups={"transcript": 5, "extended": 4}, n_attributes=3)


def fuse(fusion: FmMoe, h_audio: torch.Tensor, groups: dict[str, SemanticGroup]) -> tuple[np.ndarray, np.ndarray]:
    acoustics = Acoustics(
        h_audio[:, None], torch.ones(len(h_audio), 1, dtype=torch.bool), lambda frames, _: frames[:, 0]
    )
    fused = fusion(acoustics, groups)
    return fused.experts.detach().numpy(), fused.routing.detach().numpy()


def test_experts_and_routing_equal_the_equations() -> None:
    fusion = shaken(FmMoe(FmMoe.Options(hidden=7), SIZES))
    assert fusion.expert_names == ("acoustic", "transcript", "extended")
    h_audio, text, extended = torch.randn(3, 6), torch.randn(3, 5), torch.randn(3, 4)
    present = torch.tensor([[True, True], [True, False], [False, False]])
    groups = {
        "transcript": SemanticGroup(text * present[:, :1], present[:, 0]),
        "extended": SemanticGroup(extended * present[:, 1:], present[:, 1]),
    }
    experts, routing = fuse(fusion, h_audio, groups)
    for row in range(3):
        given = {
            "transcript": text[row].double().numpy() if present[row, 0] else None,
            "extended": extended[row].double().numpy() if present[row, 1] else None,
        }
        expected_experts, expected_routing = equations.fm_moe(h_audio[row].double().numpy(), given, weights(fusion))
        np.testing.assert_allclose(experts[row], expected_experts, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(routing[row], expected_routing, rtol=1e-5, atol=1e-7)


def test_routing_starts_equal() -> None:
    fusion = FmMoe(FmMoe.Options(hidden=7), SIZES)
    here = torch.tensor([True, False])
    groups = {name: SemanticGroup(torch.zeros(2, dim), here) for name, dim in SIZES.groups.items()}
    _, routing = fuse(fusion, torch.randn(2, 6), groups)
    np.testing.assert_allclose(routing[0], 1 / 3, rtol=1e-6)
    np.testing.assert_array_equal(routing[1], [[1, 0, 0]] * 3)


def test_without_groups_the_acoustic_expert_is_alone() -> None:
    sizes = FusionSizes(frame_dim=3, pooled_dim=6, groups={}, n_attributes=3)
    fusion = FmMoe(FmMoe.Options(hidden=7), sizes)
    assert fusion.expert_names == ("acoustic",)
    _, routing = fuse(fusion, torch.randn(2, 6), {})
    assert (routing == 1).all()
