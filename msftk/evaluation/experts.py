"""What each expert does to a prediction.

Routing weights are not importance: a large weight on a flat output moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from msftk.evaluation.ccc import ccc
from msftk.evaluation.predictions import Predictions
from msftk.types import ATTRIBUTES, Float64

CANCELLED = 2.0  # a share beyond it belongs to parts that nearly cancel: it measures their rest, not the expert
UNDEFINED = "–: no share is defined where the experts' parts nearly cancel, or their sum does not vary."
NOTHING = 1e-6  # of the largest part: a sum that varies less is rounding noise of float32, no prediction that varies


@dataclass(frozen=True)
class ExpertScores:
    """Per attribute and expert: share of the prediction's variance, CCC lost without the expert; NaN = undefined."""

    share: dict[str, dict[str, float]]
    ccc_loss_without: dict[str, dict[str, float]]

    def note(self, attributes: Iterable[str]) -> str:
        """Why a share of these attributes is undefined; "" where none is."""
        lacks = any(np.isnan(share) for attribute in attributes for share in self.share[attribute].values())
        return UNDEFINED if lacks else ""


def score_experts(predictions: Predictions, truth: Float64) -> ExpertScores:
    """Scores every expert of `predictions` against `truth` [n, attribute] (corpus scale, NaN = unrated).

    >>> from msftk.types import RatingScale
    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
    >>> made = Predictions(("a", "b"), values, RatingScale(1, 7), ("one",), values[:, None] - 1, np.ones((2, 1, 3)))
    >>> score_experts(made, values).share["arousal"]
    {'one': 1.0}
    """
    share: dict[str, dict[str, float]] = {}
    loss: dict[str, dict[str, float]] = {}
    for a, attribute in enumerate(ATTRIBUTES):
        shares = variance_shares(predictions.contributions[:, :, a])
        share[attribute] = dict(zip(predictions.expert_names, shares.tolist(), strict=True))
        loss[attribute] = {
            expert: _ccc_loss(predictions, k, a, truth[:, a]) for k, expert in enumerate(predictions.expert_names)
        }
    return ExpertScores(share, loss)


def variance_shares(contributions: Float64) -> Float64:
    """Covariance share cov(pi_k f_k, y) / var(y), y their sum: [n, expert] -> [expert], adding up to 1.

    A share below 0 is an expert that works against the sum. All are NaN where the sum does not vary beyond rounding, or
    where the parts nearly cancel: one of them would have more than 200 % of it, or less than -200 %.

    >>> variance_shares(np.array([[0.0, 1.0], [3.0, 2.0]])).tolist()
    [0.75, 0.25]
    """
    undefined: Float64 = np.full(contributions.shape[1], np.nan)
    if len(contributions) < 2:
        return undefined
    centred = contributions - contributions.mean(axis=0)
    total = centred.sum(axis=1)
    variance = float(total @ total)
    largest = float(np.abs(contributions).max())
    if np.sqrt(variance / len(total)) <= NOTHING * largest:
        return undefined
    shares: Float64 = centred.T @ total / variance
    return undefined if np.abs(shares).max() > CANCELLED else shares


def without_expert(contributions: Float64, routing: Float64, k: int) -> Float64:
    """The prediction (above scale.low) with expert `k` removed and routing renormalised: [n, expert] -> [n].

    NaN where no other expert is present.

    >>> without_expert(np.array([[1.5, 2.0]]), np.array([[0.5, 0.5]]), k=0).tolist()
    [4.0]
    """
    left = 1.0 - routing[:, k]
    others = contributions.sum(axis=1) - contributions[:, k]
    with np.errstate(invalid="ignore", divide="ignore"):
        renormalised: Float64 = np.where(left > 1e-9, others / left, np.nan)
    return renormalised


def _ccc_loss(predictions: Predictions, k: int, a: int, truth: Float64) -> float:
    contributions, routing = predictions.contributions[:, :, a], predictions.routing[:, :, a]
    without = without_expert(contributions, routing, k)
    rated = np.where(np.isnan(without), np.nan, truth - predictions.scale.low)  # both sides on the same utterances
    return ccc(contributions.sum(axis=1), rated) - ccc(without, rated)
