"""What acoustic encoders normalise their inputs by."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

SD_FLOOR = 1e-3  # what never varies in training (a band in digital silence) must not be blown up


def moments(prepared: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation, [features] float64, over all rows of many [rows, features], one held at a time."""
    n, total, squares = 0, torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for features in prepared:
        rows = features.double()
        n, total, squares = n + len(rows), total + rows.sum(dim=0), squares + rows.square().sum(dim=0)
    mean = total / n
    return mean, (squares / n - mean.square()).clamp(min=SD_FLOOR**2).sqrt()
