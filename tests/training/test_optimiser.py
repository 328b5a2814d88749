"""Learning rates and parameter groups of the optimiser."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import pytest
from small_corpus import tiny_settings
from torch import Tensor, nn

from msftk.interfaces import AcousticEncoder, ParameterGroup
from msftk.training.optimiser import make_optimiser, rate_factor


def test_rate_rises_over_the_warm_up_then_falls_to_zero() -> None:
    factors = [rate_factor(step, 100, 0.1) for step in range(100)]
    assert factors[:10] == pytest.approx([k / 10 for k in range(1, 11)])
    assert factors[9] == factors[10] == 1
    assert all(a > b for a, b in pairwise(factors[10:]))
    assert factors[-1] == pytest.approx(1 / 90)


def test_rate_without_warm_up_starts_at_its_peak() -> None:
    assert rate_factor(0, 10, 0.0) == 1


class Part(AcousticEncoder, nn.Linear):
    """A layer that says which of its parameters learn slowly."""

    slow: ClassVar[tuple[str, ...]] = ("weight",)

    def prepare(self, waveform: object, f0_hz: object) -> Tensor: ...
    def fit(self, prepared: object) -> None: ...
    def pretrained_parameters(self) -> list[nn.Parameter]:
        return [parameter for name, parameter in self.named_parameters() if name in self.slow]


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scratch, self.part, self.frozen = nn.Linear(2, 2, bias=False), Part(2, 2), nn.Linear(2, 2)
        self.frozen.requires_grad_(False)
        self.parts = {"part": self.part}


def test_pretrained_parts_have_their_own_rate_and_frozen_ones_none() -> None:
    network = Network()
    optimiser = make_optimiser(network, tiny_settings("training.learning_rate_pretrained=1e-6").training)  # type: ignore[arg-type]
    groups = [([id(p) for p in g["params"]], g["peak"], g["weight_decay"]) for g in optimiser.param_groups]
    assert groups == [
        ([id(network.scratch.weight), id(network.part.bias)], 1e-3, 0.01),
        ([id(network.part.weight)], 1e-6, 0.01),
    ]


def test_a_part_may_ask_for_no_decay(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network()
    monkeypatch.setattr(Part, "parameter_groups", lambda self: [ParameterGroup("bias", [self.bias], decay=False)])
    optimiser = make_optimiser(network, tiny_settings().training)  # type: ignore[arg-type]
    groups = [([id(p) for p in g["params"]], g["peak"], g["weight_decay"]) for g in optimiser.param_groups]
    assert groups == [
        ([id(network.scratch.weight), id(network.part.weight)], 1e-3, 0.01),
        ([id(network.part.bias)], 1e-3, 0.0),
    ]
