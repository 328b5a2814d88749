from __future__ import annotations

import numpy as np

from msftk.evaluation.distributions import LEVELS, quantiles_of, routing_distributions, spread_beside_ratings
from msftk.evaluation.predictions import Predictions
from msftk.types import RatingScale


def test_what_is_not_there_is_left_out() -> None:
    assert np.isnan(quantiles_of(np.full(3, np.nan))).all()
    assert quantiles_of(np.array([np.nan, 2.0])) == [2.0] * len(LEVELS)


def test_ratings_and_predictions_are_of_the_same_utterances() -> None:
    values = np.array([[1.0, 2.0, 3.0], [9.0, 4.0, np.nan]])
    truth = np.array([[3.0, 2.0, 1.0], [np.nan, 6.0, 5.0]])
    spread = spread_beside_ratings(values, truth)
    assert spread["valence"] == {"ratings": [3.0] * 5, "predictions": [1.0] * 5}
    assert spread["dominance"] == {"ratings": [1.0] * 5, "predictions": [3.0] * 5}
    assert spread["arousal"]["ratings"][2] == 4.0


def test_each_expert_has_its_routing_by_attribute() -> None:
    routing = np.random.default_rng(0).dirichlet((1, 1), (40, 3)).transpose(0, 2, 1)
    said = Predictions(tuple(map(str, range(40))), np.ones((40, 3)), RatingScale(1, 7), ("x", "y"), routing, routing)
    found = routing_distributions(said)
    assert found["arousal"]["y"] == np.quantile(routing[:, 1, 1], LEVELS).tolist()
