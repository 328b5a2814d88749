"""Which hidden state of a pretrained encoder its frames are: one by number, or a weighted sum of all."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from torch import Tensor


def state_of(states: Iterable[Tensor], number: int) -> Tensor:
    """The state by its number, 0 being what the first layer reads; later ones are not asked for."""
    return next(islice(states, number, None))


def weighted_sum(states: Iterable[Tensor], weights: Tensor) -> Tensor:
    """states [batch, time, dim], one a weight -> their weighted sum, held as a running one."""
    total: Tensor | None = None
    for state, weight in zip(states, weights, strict=True):
        total = weight * state if total is None else total + weight * state
    assert total is not None
    return total
