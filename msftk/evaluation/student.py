"""Student's t: how much of its distribution lies beyond a value, and which value leaves 5 % beyond it."""

from __future__ import annotations

import numpy as np

NORMAL = 10_000.0  # degrees of freedom beyond which t is the normal distribution
FAR = 40.0  # beyond this t nothing is left to sum where the degrees of freedom are many
NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)


def beyond(t: float, freedom: float) -> float:
    """The probability that |T| exceeds |t|, for 1 degree of `freedom` or more; NaN where t is.

    With t = sqrt(freedom) tan(angle) the density is cos(angle)^(freedom - 1), a smooth function on a short interval.

    >>> round(beyond(12.706, 1), 4), round(beyond(-2.262, 9), 4), round(beyond(1.96, 1e6), 4)
    (0.05, 0.05, 0.05)
    """
    freedom = min(freedom, NORMAL)
    end = np.pi / 2 if freedom < FAR else np.arctan(FAR / np.sqrt(freedom))
    start = min(np.arctan(abs(t) / np.sqrt(freedom)), end)
    tail, whole = (_mass(low, end, freedom) for low in (start, 0.0))
    return float(tail / whole)


def student_t(freedom: float, outside: float = 0.05) -> float:
    """The t that |T| exceeds with probability `outside`.

    >>> round(student_t(1), 2), round(student_t(9), 3)
    (12.71, 2.262)
    """
    low, high = 0.0, 1e4
    for _ in range(100):  # halves the span: to the last bit
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle, freedom) > outside else (low, middle)
    return low


def _mass(low: float, high: float, freedom: float) -> float:
    angles = (high + low) / 2 + (high - low) / 2 * NODES
    return float((high - low) / 2 * (WEIGHTS * np.cos(angles) ** (freedom - 1)).sum())
