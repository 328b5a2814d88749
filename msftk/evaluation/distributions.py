"""How numbers are spread: their quantiles, of predictions beside ratings, and of routing weights."""

from __future__ import annotations

import numpy as np

from msftk.evaluation.predictions import Predictions
from msftk.types import ATTRIBUTES, Float64

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def quantiles_of(values: Float64) -> list[float]:
    """Quantiles of [n] at LEVELS; NaN values are left out, of none all are NaN.

    >>> quantiles_of(np.array([1.0, 2.0, 3.0, np.nan, 4.0, 5.0]))
    [1.2, 2.0, 3.0, 4.0, 4.8]
    """
    known = values[~np.isnan(values)]
    return [float(one) for one in np.quantile(known, LEVELS)] if known.size else [float("nan")] * len(LEVELS)


def spread_beside_ratings(values: Float64, truth: Float64) -> dict[str, dict[str, list[float]]]:
    """Quantiles of ratings and of predictions [n, attribute] of the same utterances, by attribute.

    Where those of the predictions lie closer together, predictions are drawn to the middle.

    >>> spread = spread_beside_ratings(np.full((3, 3), 4.0), np.array([[1.0, 2, 3], [3, 4, 5], [5, 6, 7]]))
    >>> spread["valence"]["predictions"][-1], round(spread["valence"]["ratings"][-1], 1)
    (4.0, 4.8)
    """
    both = ~np.isnan(values + truth)
    return {
        attribute: {
            "ratings": quantiles_of(truth[both[:, column], column]),
            "predictions": quantiles_of(values[both[:, column], column]),
        }
        for column, attribute in enumerate(ATTRIBUTES)
    }


def routing_distributions(predictions: Predictions) -> dict[str, dict[str, list[float]]]:
    """Quantiles of the routing weights pi_k (Eq. 7) over utterances: attribute -> expert -> at LEVELS.

    >>> from msftk.types import RatingScale
    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
    >>> made = Predictions(("a", "b"), values, RatingScale(1, 7), ("one",), values[:, None] - 1, np.ones((2, 1, 3)))
    >>> routing_distributions(made)["arousal"]["one"]
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    return {
        attribute: {
            expert: quantiles_of(predictions.routing[:, k, column]) for k, expert in enumerate(predictions.expert_names)
        }
        for column, attribute in enumerate(ATTRIBUTES)
    }
