from __future__ import annotations

import numpy as np
import torch
from reference import equations
from reference.weights import shaken, weights

from msftk.interfaces import SemanticGroup
from msftk.models.groups import JoinedGroups


def test_an_absent_group_is_zeros_and_presence_counts_any_group() -> None:
    join = JoinedGroups({"transcript": 4, "extended": 3})
    torch.nn.init.ones_(join.norms["extended"].bias)
    groups = {
        "transcript": SemanticGroup(torch.randn(3, 4), torch.tensor([True, True, False])),
        "extended": SemanticGroup(torch.randn(3, 3), torch.tensor([True, False, False])),
    }
    joined, present = join(groups)
    assert joined.shape == (3, 7)
    assert not joined[1, 4:].any()
    assert not joined[2].any()
    assert present.tolist() == [True, True, False]


def test_gated_groups_equal_the_equation_and_one_alone_passes_through() -> None:
    join = shaken(JoinedGroups({"transcript": 4, "extended": 3}, "gated"))
    assert join.dim == 4
    here = {"transcript": torch.tensor([True, True, False]), "extended": torch.tensor([True, False, True])}
    vectors = {"transcript": torch.randn(3, 4), "extended": torch.randn(3, 3)}
    joined, present = join({n: SemanticGroup(v * here[n][:, None], here[n]) for n, v in vectors.items()})
    assert present.all()
    for row in range(3):
        text, extended = (vectors[n][row].double().numpy() if here[n][row] else None for n in vectors)
        expected = equations.gated_groups(text, extended, weights(join))
        np.testing.assert_allclose(joined[row].detach(), expected, rtol=1e-4, atol=1e-5)


def test_gate_of_no_group_is_zeros() -> None:
    join = shaken(JoinedGroups({"transcript": 4, "extended": 3, "own": 4}, "gated"))
    absent = torch.zeros(2, dtype=torch.bool)
    joined, present = join({n: SemanticGroup(torch.zeros(2, len(norm.bias)), absent) for n, norm in join.norms.items()})
    assert not joined.any()
    assert not present.any()
