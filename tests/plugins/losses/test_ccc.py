"""The CCC loss equals 1 - CCC summed over attributes, and leaves unrated targets out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from msftk.evaluation.ccc import ccc
from msftk_plugins.losses.ccc import CccLoss


@pytest.fixture
def loss() -> CccLoss:
    return CccLoss(CccLoss.Options())


def batch(n: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    targets = torch.rand(n, 3, generator=generator, dtype=torch.float64)
    return 0.5 * targets + 0.3 * torch.rand(n, 3, generator=generator, dtype=torch.float64), targets


def test_loss_is_the_sum_of_one_minus_ccc(loss: CccLoss) -> None:
    values, targets = batch()
    expected = sum(1 - ccc(values[:, a].numpy(), targets[:, a].numpy()) for a in range(3))
    assert loss({"value": values}, targets, {}, ()).item() == pytest.approx(expected, abs=1e-6)  # eps 1e-8


def test_unrated_targets_are_left_out_of_value_and_gradient(loss: CccLoss) -> None:
    values, targets = batch()
    targets[3, 1] = torch.nan
    values.requires_grad_()
    value = loss({"value": values}, targets, {}, ())
    value.backward()
    rated = ~np.isnan(targets[:, 1].numpy())
    expected = sum(1 - ccc(values[:, a].detach().numpy(), targets[:, a].numpy()) for a in (0, 2))
    expected += 1 - ccc(values[:, 1].detach().numpy()[rated], targets[:, 1].numpy()[rated])
    assert value.item() == pytest.approx(expected, abs=1e-6)
    assert values.grad is not None
    assert values.grad[3, 1] == 0
    assert torch.isfinite(values.grad).all()


def test_attribute_that_nobody_rated_adds_nothing(loss: CccLoss) -> None:
    values, targets = batch()
    alone = loss({"value": values[:, :2]}, targets[:, :2], {}, ())
    targets[:, 2] = torch.nan
    assert loss({"value": values}, targets, {}, ()).item() == pytest.approx(alone.item())


def test_constant_batch_is_finite(loss: CccLoss) -> None:
    values = torch.full((4, 3), 0.5, requires_grad=True)
    loss({"value": values}, torch.full((4, 3), 0.5), {}, ()).backward()
    assert values.grad is not None
    assert torch.isfinite(values.grad).all()
