"""Cross-entropy is torch's, over those that have a class."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy

from msftk.registry import registry


def test_it_is_the_mean_over_those_that_have_a_class() -> None:
    torch.manual_seed(0)
    loss = registry().create("loss", "cross-entropy")
    logits, classes = torch.randn(6, 3), torch.tensor([0, 2, 1, 0, 2, 2])
    targets = torch.eye(3)[classes]
    targets[[1, 4]] = torch.nan
    known = [0, 2, 3, 5]
    torch.testing.assert_close(loss({"value": logits}, targets, {}, ()), cross_entropy(logits[known], classes[known]))
    logits.requires_grad_()
    nobody = loss({"value": logits}, torch.full((6, 3), torch.nan), {}, ())
    assert nobody.item() == 0
    nobody.backward()
    assert not logits.grad.any()
