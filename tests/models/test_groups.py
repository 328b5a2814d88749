from __future__ import annotations

import torch

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
