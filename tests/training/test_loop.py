"""Learning rates, parameter groups, devices and random states of the loop."""

from __future__ import annotations

from itertools import pairwise

import pytest
from small_corpus import tiny_settings
from torch import nn

from msftk.training.loop import make_optimiser, rate_factor


def test_rate_rises_over_the_warm_up_then_falls_to_zero() -> None:
    factors = [rate_factor(step, 100, 0.1) for step in range(100)]
    assert factors[:10] == pytest.approx([k / 10 for k in range(1, 11)])
    assert factors[9] == factors[10] == 1
    assert all(a > b for a, b in pairwise(factors[10:]))
    assert factors[-1] == pytest.approx(1 / 90)


def test_rate_without_warm_up_starts_at_its_peak() -> None:
    assert rate_factor(0, 10, 0.0) == 1


def test_pretrained_parts_have_their_own_rate_and_frozen_ones_none() -> None:
    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pretrained, self.frozen, self.scratch = (nn.Linear(2, 2, bias=False) for _ in range(3))
            self.frozen.requires_grad_(False)

        def pretrained_parameters(self) -> list[nn.Parameter]:
            return [*self.pretrained.parameters(), *self.frozen.parameters()]

    network = Network()
    optimiser = make_optimiser(network, tiny_settings("training.learning_rate_pretrained=1e-6").training)  # type: ignore[arg-type]
    groups = [([id(p) for p in g["params"]], g["peak"], g["weight_decay"]) for g in optimiser.param_groups]
    assert groups == [
        ([id(network.scratch.weight)], 1e-3, 0.01),
        ([id(network.pretrained.weight)], 1e-6, 0.01),
    ]
