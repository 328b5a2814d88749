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


def test_inverse_weights_are_torchs_weighted_cross_entropy() -> None:
    torch.manual_seed(0)
    training = torch.eye(4)[torch.tensor([0] * 6 + [1] * 3 + [2])]  # nobody is of the fourth class
    training[0] = torch.nan
    loss = registry().create("loss", "cross-entropy", {"class_weights": "inverse"})
    loss.fit(training)
    weights = 9 / (4 * torch.tensor([5.0, 3.0, 1.0, float("inf")]))
    logits, classes = torch.randn(7, 4), torch.tensor([0, 2, 1, 0, 0, 2, 3])
    targets = torch.eye(4)[classes]
    targets[3] = torch.nan
    known = [0, 1, 2, 4, 5, 6]
    expected = cross_entropy(logits[known], classes[known], weight=weights)
    torch.testing.assert_close(loss({"value": logits}, targets, {}, ()), expected, atol=1e-6, rtol=0)


def test_focal_counts_less_what_is_told_well() -> None:
    torch.manual_seed(0)
    logits, classes = torch.randn(6, 3, dtype=torch.float64), torch.tensor([0, 2, 1, 0, 2, 2])
    p = logits.softmax(1)[range(6), classes]
    loss = registry().create("loss", "cross-entropy", {"focal": 2})
    targets = torch.eye(3, dtype=torch.float64)[classes]
    torch.testing.assert_close(loss({"value": logits}, targets, {}, ()), -((1 - p) ** 2 * p.log()).mean())
    certain = (100 * targets).requires_grad_()
    root = registry().create("loss", "cross-entropy", {"focal": 0.5})
    root({"value": certain}, targets, {}, ()).backward()
    assert certain.grad.isfinite().all()
