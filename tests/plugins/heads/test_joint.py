from __future__ import annotations

import pytest
import torch

from msftk import testing
from msftk.types import ATTRIBUTES
from msftk_plugins.heads.bounded import Bounded
from msftk_plugins.heads.joint import Joint


@pytest.mark.parametrize(
    "options", [{}, {"activation": "tanh", "norm": False}, {"layers": 2}, {"layers": 0, "dropout": 0.0}], ids=str
)
def test_joint_heads_keep_their_contract(options: dict[str, object]) -> None:
    testing.check_head("joint", **{"hidden": 8, **options})


def test_a_bounded_head_keeps_its_contract_and_its_bounds() -> None:
    testing.check_head("bounded", hidden=8)
    said = Bounded(Bounded.Options(), dim=2, attributes=ATTRIBUTES)(1e4 * torch.randn(50, 1, 2))["value"]
    assert said.shape == (50, 1, 3)
    assert bool((said >= 0).all() and (said <= 1).all())


def test_a_joint_head_with_tanh_is_dense_tanh_linear() -> None:
    head = Joint(Joint.Options(hidden=5, activation="tanh", norm=False), dim=4, attributes=("arousal",)).eval()
    vector = torch.randn(3, 1, 4)
    dense = head.between[0][0]
    torch.testing.assert_close(head(vector)["value"], head.last(torch.tanh(dense(vector))))
