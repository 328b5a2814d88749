"""What the network says of one target: the head's outputs of every expert, mixed as the head wants them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from msftk.interfaces import HeadOutput


@dataclass(frozen=True)
class Answer:
    """Outputs of one target by name.

    `outputs` [batch, column], "value" of a regression on the unit scale; `experts` the same before mixing,
    [batch, expert, column], empty where the head reads the mixed vector; `routing` [batch or 1, route, expert], a route
    for each column or one for all.
    """

    outputs: dict[str, Tensor]
    experts: dict[str, Tensor]
    routing: Tensor


def answer(head: Any, experts: Tensor, routing: Tensor) -> Answer:
    """Asks one head: experts [batch, expert, dim], routing [batch or 1, route, expert] of its target."""
    if head.reads == "mixed":
        return Answer(dict(head(routing @ experts)), {}, routing)  # [batch, route, dim]
    found = dict(head(experts))
    by_head = [name for name in found if kind_of(head, name).mixed == "head"]
    mixed = dict(head.mix(found, routing)) if by_head else {}
    outputs = {name: mixed[name] if name in by_head else mix(values, routing) for name, values in found.items()}
    return Answer(outputs, found, routing)


def kind_of(head: Any, name: str) -> HeadOutput:
    """What the head says of its output; of one that it does not name: mixed linearly, on no scale."""
    kind: HeadOutput = head.outputs.get(name, HeadOutput())
    return kind


def mix(values: Tensor, routing: Tensor) -> Tensor:
    """Eq. 7: values [batch, expert, column], routing [batch or 1, column or 1, expert] -> [batch, column]."""
    return (values * routing.transpose(1, 2)).sum(dim=1)


def route(routing: Tensor, first: int, n: int) -> Tensor:
    """Rows `first` to `first + n` of a fusion's routing; where one expert stands alone every row is 1."""
    if routing.shape[2] == 1:
        return routing.new_ones(1, n, 1)
    return routing[:, first : first + n]
