from __future__ import annotations

import numpy as np
import pytest
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


@pytest.mark.parametrize("expert_c", ["extended", "cumulative"])
@pytest.mark.parametrize("router", ["static", "conditional"])
def test_experts_and_routing_equal_the_equations(expert_c: str, router: str) -> None:
    fusion = shaken(FmMoe(FmMoe.Options(hidden=7, expert_c=expert_c, router=router), SIZES))
    assert fusion.expert_names == ("acoustic", "transcript", "extended")
    h_audio, text, extended = torch.randn(4, 6), torch.randn(4, 5), torch.randn(4, 4)
    present = torch.tensor([[True, True], [False, True], [True, False], [False, False]])
    groups = {
        "transcript": SemanticGroup(text * present[:, :1], present[:, 0]),
        "extended": SemanticGroup(extended * present[:, 1:], present[:, 1]),
    }
    experts, routing = fuse(fusion, h_audio, groups)
    for row in range(4):
        given = {
            "transcript": text[row].double().numpy() if present[row, 0] else None,
            "extended": extended[row].double().numpy() if present[row, 1] else None,
        }
        expected_experts, expected_routing = equations.fm_moe(
            h_audio[row].double().numpy(), given, weights(fusion), cumulative=expert_c == "cumulative"
        )
        np.testing.assert_allclose(experts[row], expected_experts, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(routing[row], expected_routing, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("router", ["static", "conditional"])
def test_routing_starts_equal(router: str) -> None:
    fusion = FmMoe(FmMoe.Options(hidden=7, router=router), SIZES)
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


def test_conditional_routing_differs_between_utterances_and_static_does_not() -> None:
    everyone = torch.ones(2, dtype=torch.bool)
    groups = {name: SemanticGroup(torch.randn(2, dim), everyone) for name, dim in SIZES.groups.items()}
    h_audio = torch.randn(2, 6)
    for router, differs in (("static", False), ("conditional", True)):
        _, routing = fuse(shaken(FmMoe(FmMoe.Options(hidden=7, router=router), SIZES)), h_audio, groups)
        assert bool(np.abs(routing[0] - routing[-1]).max() > 1e-3) is differs


def test_expert_c_is_out_where_the_extended_group_is_absent_though_the_transcript_is_there() -> None:
    fusion = shaken(FmMoe(FmMoe.Options(hidden=7, expert_c="cumulative"), SIZES))
    text, nothing = torch.ones(1, dtype=torch.bool), torch.zeros(1, dtype=torch.bool)
    groups = {
        "transcript": SemanticGroup(torch.randn(1, 5), text),
        "extended": SemanticGroup(torch.zeros(1, 4), nothing),
    }
    _, routing = fuse(fusion, torch.randn(1, 6), groups)
    assert (routing[..., 2] == 0).all()


def test_cumulative_without_a_transcript_group_reads_the_extended_one_alone() -> None:
    sizes = FusionSizes(frame_dim=3, pooled_dim=6, groups={"extended": 4}, n_attributes=3)
    fusion = FmMoe(FmMoe.Options(hidden=7, expert_c="cumulative"), sizes)
    assert [join.dim for join in fusion.joins] == [4]
