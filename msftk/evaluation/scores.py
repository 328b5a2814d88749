"""Figures beside CCC: Pearson r, bias, scale ratio, RMSE, CCC within category."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from msftk.evaluation.ccc import ccc
from msftk.store.columns import values_of
from msftk.types import ATTRIBUTES, Float64, Utterance


def ratings_of(utterances: Sequence[Utterance]) -> Float64:
    """Ratings on the corpus scale [n, attribute], NaN where unrated.

    >>> ratings_of([Utterance("a", None, ratings={"valence": 2.0, "arousal": 5.0})])
    array([[ 2.,  5., nan]])
    """
    return np.stack([np.array(values_of(utterances, name), np.float64) for name in ATTRIBUTES], axis=1)


def pearson(prediction: Float64, truth: Float64) -> float:
    """Pearson correlation [n]; NaN where either side does not vary.

    >>> pearson(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0]))
    1.0
    """
    p, t = _complete(prediction, truth)
    if len(p) < 2 or np.ptp(p) == 0 or np.ptp(t) == 0:
        return float("nan")
    p, t = p - p.mean(), t - t.mean()
    return float(np.clip(p @ t / np.sqrt((p @ p) * (t @ t)), -1.0, 1.0))


def bias(prediction: Float64, truth: Float64) -> float:
    """Mean of prediction - truth, corpus scale.

    >>> bias(np.array([2.0, 3.0]), np.array([1.0, 4.0]))
    0.0
    """
    p, t = _complete(prediction, truth)
    return float((p - t).mean()) if len(p) else float("nan")


def scale_ratio(prediction: Float64, truth: Float64) -> float:
    """Standard deviation of the predictions over that of the truth; below 1: predictions are drawn to the middle.

    >>> scale_ratio(np.array([3.0, 4.0]), np.array([1.0, 5.0]))
    0.25
    """
    p, t = _complete(prediction, truth)
    return float(p.std() / t.std()) if len(p) > 1 and np.ptp(t) > 0 else float("nan")


def rmse(prediction: Float64, truth: Float64) -> float:
    """Root mean squared error, corpus scale.

    >>> rmse(np.array([2.0, 3.0]), np.array([1.0, 4.0]))
    1.0
    """
    p, t = _complete(prediction, truth)
    return float(np.sqrt(((p - t) ** 2).mean())) if len(p) else float("nan")


SCORES: dict[str, Callable[[Float64, Float64], float]] = {
    "pearson": pearson,
    "bias": bias,
    "scale_ratio": scale_ratio,
    "rmse": rmse,
}


def ccc_within_category(prediction: Float64, truth: Float64, categories: Sequence[str | None]) -> float:
    """CCC after each side is centred on its own mean of each category, pooled over categories.

    What is left is how well degrees inside a category are told apart: knowing the category alone scores 0, and a wrong
    category mean costs nothing. Utterances without a category, and categories of one utterance, are left out.

    Returns:
        NaN where no category has two rated utterances.

    >>> truth = np.array([1.0, 2.0, 6.0, 7.0])
    >>> ccc_within_category(truth + [3, 3, 0, 0], truth, ["sad", "sad", "happy", "happy"])
    1.0
    """
    complete = ~(np.isnan(prediction) | np.isnan(truth))
    p_left, t_left = [], []
    for category in sorted({c for c in categories if c is not None}):
        rows = complete & np.array([c == category for c in categories], bool)
        if rows.sum() >= 2:
            p_left.append(prediction[rows] - prediction[rows].mean())
            t_left.append(truth[rows] - truth[rows].mean())
    return ccc(np.concatenate(p_left), np.concatenate(t_left)) if p_left else float("nan")


def _complete(prediction: Float64, truth: Float64) -> tuple[Float64, Float64]:
    kept = ~(np.isnan(prediction) | np.isnan(truth))
    return prediction[kept], truth[kept]
