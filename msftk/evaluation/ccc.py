"""Concordance correlation (Lin 1989, population form) from moments that add up over batches, speakers and machines."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from msftk.types import Float64

N_MOMENTS = 6  # count, sum p, sum t, sum p*p, sum t*t, sum p*t


def ccc(prediction: ArrayLike, truth: ArrayLike) -> float:
    """2 cov(p, t) / (var p + var t + (mean p - mean t)^2), population moments (Lin 1989; equal to audmetric).

    Args:
        prediction, truth: [n]; a pair with NaN on either side is left out.
    Returns:
        A value in [-1, 1]; NaN where it is undefined: fewer than two pairs, or both sides constant and equal.

    >>> round(ccc([1, 2, 3, 4], [2, 3, 4, 5]), 3)
    0.714
    >>> ccc([1, 2, 3], [3, 2, 1])
    -1.0
    """
    predicted, rated = np.asarray(prediction, np.float64), np.asarray(truth, np.float64)
    return float(ccc_of_moments(moments(predicted, rated, origin_of(rated))))


def origin_of(truth: Float64) -> float:
    """A value near the data that both sides are counted from, so that sums of squares do not cancel.

    >>> origin_of(np.array([np.nan, 3.5, 4.0]))
    3.5
    """
    rated = truth[~np.isnan(truth)]
    return float(rated.flat[0]) if rated.size else 0.0


def terms(prediction: Float64, truth: Float64, origin: float = 0.0) -> tuple[Float64, ...]:
    """What each pair [n, ...] adds to the six moments, each [n, ...]; nothing where either side is NaN.

    CCC does not change when both sides are shifted alike, so `origin` may be any value.

    >>> [term.tolist() for term in terms(np.array([2.0]), np.array([3.0]))]  # n, p, t, pp, tt, pt
    [[1.0], [2.0], [3.0], [4.0], [9.0], [6.0]]
    """
    complete = ~(np.isnan(prediction) | np.isnan(truth))
    p = np.where(complete, prediction - origin, 0.0)
    t = np.where(complete, truth - origin, 0.0)
    return complete.astype(np.float64), p, t, p * p, t * t, p * t


def moments(prediction: Float64, truth: Float64, origin: float = 0.0) -> Float64:
    """Moments of pairs [n, ...] -> [..., 6]; those of two sets with one `origin` add up to those of their union.

    >>> moments(np.array([1.0, 2.0]), np.array([2.0, 3.0])).tolist()  # n, sums of p, t, pp, tt, pt
    [2.0, 3.0, 5.0, 5.0, 13.0, 8.0]
    """
    return np.stack([term.sum(0) for term in terms(prediction, truth, origin)], axis=-1)


def ccc_of_moments(summed: Float64) -> Float64:
    """CCC of moments [..., 6] -> [...]; NaN where undefined.

    >>> truth = np.array([1.0, 2.0, 4.0, 6.0])
    >>> halves = moments(truth[:2] + 1, truth[:2]) + moments(truth[2:] + 1, truth[2:])
    >>> float(ccc_of_moments(halves)) == ccc(truth + 1, truth)
    True
    """
    n, p, t, pp, tt, pt = np.moveaxis(np.asarray(summed, np.float64), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        # n var p + n var t + n (mean p - mean t)^2, written out: the squared means meet in one product
        denominator = pp + tt - 2 * p * t / n
        concordance = 2 * (pt - p * t / n) / denominator
    defined = (n >= 2) & (denominator > 0)
    clipped: Float64 = np.where(defined, np.clip(concordance, -1.0, 1.0), np.nan)
    return clipped
