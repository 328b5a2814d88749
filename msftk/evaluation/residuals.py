"""How far predictions lie from ratings: in each part of a split, by how unsure the model was, and worst of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from msftk.evaluation.distributions import quantiles_of
from msftk.evaluation.scores import bias, rmse
from msftk.evaluation.slices import SLICES, parts_of
from msftk.types import ATTRIBUTES, Float64, Utterance

SPEAKER = "speaker"  # too many parts for a page
BINS = 10
KEPT = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)


@dataclass(frozen=True)
class Residuals:
    """Of prediction - rating, corpus scale: how many there are, mean, root mean square, and quantiles at LEVELS."""

    n: int
    bias: float
    rmse: float
    quantiles: list[float]


def slicings(utterances: Sequence[Utterance]) -> list[str]:
    """By which of SLICES the utterances fall into more than one part, speakers aside.

    >>> slicings([Utterance("a", None, gender="f"), Utterance("b", None, gender="m")])
    ['gender']
    """
    return [by for by in SLICES if by != SPEAKER and len(parts_of(utterances, by)) > 1]


def residuals_of(values: Float64, truth: Float64) -> dict[str, Residuals]:
    """By attribute, of values and truth [n, attribute].

    >>> values = np.array([[2.0, 3.0, 4.0], [4.0, 6.0, 7.0]])
    >>> residuals_of(values, values - [[1, 0, 0], [3, 0, 0]])["valence"].bias
    2.0
    """
    return {
        attribute: Residuals(
            int((~np.isnan(values[:, column] + truth[:, column])).sum()),
            bias(values[:, column], truth[:, column]),
            rmse(values[:, column], truth[:, column]),
            quantiles_of(values[:, column] - truth[:, column]),
        )
        for column, attribute in enumerate(ATTRIBUTES)
    }


def residuals_by_slice(
    values: Float64, truth: Float64, utterances: Sequence[Utterance]
) -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    """What it is sliced by -> part -> attribute -> the fields of `Residuals`: values, truth [n, attribute].

    >>> people = [Utterance("a", None, gender="f"), Utterance("b", None, gender="m")]
    >>> residuals_by_slice(np.full((2, 3), 4.0), np.full((2, 3), 3.0), people)["gender"]["m"]["valence"]["bias"]
    1.0
    """
    return {
        by: {
            part: {attribute: asdict(one) for attribute, one in residuals_of(values[rows], truth[rows]).items()}
            for part, rows in parts_of(utterances, by).items()
        }
        for by in slicings(utterances)
    }


def error_by_deviation(deviation: Float64, residual: Float64) -> list[dict[str, float]]:
    """Whether a told deviation is as large as the errors are: up to BINS parts of like size, the surest first.

    Args:
        deviation, residual: [n], corpus scale; NaN is left out.
    Returns:
        Of each part "n", "deviation" (root mean square of what is told) and "rmse" (that of the residuals).

    >>> error_by_deviation(np.array([1.0, 2.0]), np.array([1.0, -2.0]))
    [{'n': 1, 'deviation': 1.0, 'rmse': 1.0}, {'n': 1, 'deviation': 2.0, 'rmse': 2.0}]
    """
    told, far = _surest_first(deviation, residual)
    parts = np.array_split(np.arange(len(told)), min(BINS, len(told)) or 1)
    return [
        {"n": len(rows), "deviation": _root_mean_square(told[rows]), "rmse": _root_mean_square(far[rows])}
        for rows in parts
        if len(rows)
    ]


def error_of_the_surest(deviation: Float64, residual: Float64) -> list[dict[str, float]]:
    """RMSE [n] of the share KEPT of the predictions, where those with the largest told deviation are rejected.

    >>> error_of_the_surest(np.arange(1.0, 11.0), np.arange(1.0, 11.0))[-1]
    {'kept': 0.1, 'rmse': 1.0}
    """
    _, far = _surest_first(deviation, residual)
    return [{"kept": share, "rmse": _root_mean_square(far[: round(share * len(far))])} for share in KEPT]


def worst_rows(values: Float64, truth: Float64, n: int) -> list[tuple[int, float]]:
    """The `n` rows that lie farthest from their ratings, and how far: root mean square over rated attributes.

    >>> worst_rows(np.full((2, 3), 4.0), np.array([[4.0, 4.0, 4.0], [1.0, np.nan, np.nan]]), 1)
    [(1, 3.0)]
    """
    squares = (values - truth) ** 2
    known = ~np.isnan(squares)
    rated = np.flatnonzero(known.any(axis=1))
    far = np.sqrt(np.nansum(squares[rated], axis=1) / known[rated].sum(axis=1))
    order = np.argsort(-far, kind="stable")[:n]
    return [(int(rated[place]), float(far[place])) for place in order]


def _surest_first(deviation: Float64, residual: Float64) -> tuple[Float64, Float64]:
    known = ~np.isnan(deviation + residual)
    order = np.argsort(deviation[known], kind="stable")
    return deviation[known][order], residual[known][order]


def _root_mean_square(values: Float64) -> float:
    return float(np.sqrt((values**2).mean())) if len(values) else float("nan")
