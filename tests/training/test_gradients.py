from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from msftk.errors import MsftkError
from msftk.training.gradients import Learning


def network(must_learn: tuple[str, ...]) -> Any:
    acoustic = nn.ModuleDict({"heard": nn.Linear(1, 1, bias=False), "idle": nn.Linear(1, 1, bias=False)})
    acoustic.must_learn, acoustic.taught_within = lambda: must_learn, 3
    return SimpleNamespace(acoustic=acoustic)


def after(steps: tuple[float, ...], one: Any) -> None:
    """Steps in which the part that is heard has these gradients, and the idle one a gradient of zeros."""
    learning = Learning()
    for step, gradient in enumerate(steps, start=1):
        for name, own in one.acoustic.named_parameters():
            own.grad = torch.full_like(own, gradient if "heard" in name else 0.0)
        learning.note(one, step)


def test_one_gradient_in_the_first_three_steps_is_enough() -> None:
    for steps in ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0, 0.0)):
        after(steps, network(("heard.weight",)))


def test_a_parameter_without_one_is_named_and_what_need_not_learn_is_not() -> None:
    with pytest.raises(MsftkError, match=r"1 parameter of the acoustic encoder .* first 3 steps: idle.weight\."):
        after((1.0, 1.0, 1.0), network(("heard.weight", "idle.weight")))
    after((1.0, 1.0), network(("heard.weight", "idle.weight")))  # two steps tell too little
    after((0.0, 0.0, 0.0), network(()))
