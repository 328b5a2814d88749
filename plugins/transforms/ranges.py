"""A range that a transform draws from."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

Finite = Annotated[float, Field(allow_inf_nan=False)]


def _rising(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError("expected the lower end first")
    return bounds


Range = Annotated[tuple[Finite, Finite], AfterValidator(_rising)]
"""Lowest and highest value; the same twice is that value."""

PositiveRange = Annotated[
    tuple[Annotated[Finite, Field(gt=0)], Annotated[Finite, Field(gt=0)]], AfterValidator(_rising)
]
"""A `Range` above 0."""


def drawn(bounds: tuple[float, float], random: np.random.Generator) -> float:
    """A value within the range, each as likely as any other."""
    return float(random.uniform(*bounds))
