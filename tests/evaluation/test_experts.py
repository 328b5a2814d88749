"""Shares add up to one, a flat expert has none, and removing an expert renormalises the routing."""

from __future__ import annotations

import numpy as np
import pytest

from msftk.evaluation.ccc import ccc
from msftk.evaluation.experts import score_experts, variance_shares, without_expert
from msftk.evaluation.predictions import Predictions
from msftk.types import RatingScale


def made(n: int = 40) -> tuple[Predictions, np.ndarray, np.ndarray]:
    """Predictions of two experts on a scale of 1..7, their values f_k [n, 2, 3], and ratings."""
    random = np.random.default_rng(0)
    values = random.uniform(0, 1, (n, 2, 3))
    routing = np.broadcast_to(np.array([0.25, 0.75])[None, :, None], values.shape)
    scale = RatingScale(1, 7)
    contributions = 6 * routing * values
    said = Predictions(
        tuple(map(str, range(n))), 1 + contributions.sum(axis=1), scale, ("acoustic", "other"), contributions, routing
    )
    return said, values, said.values + random.normal(0, 0.5, (n, 3))


def test_shares_are_covariances_with_the_sum_and_add_up_to_one() -> None:
    said, _, truth = made()
    total = said.contributions.sum(axis=1)
    scores = score_experts(said, truth)
    for a, attribute in enumerate(("valence", "arousal", "dominance")):
        expected = np.cov(said.contributions[:, 0, a], total[:, a], ddof=0)[0, 1] / total[:, a].var()
        assert scores.share[attribute]["acoustic"] == pytest.approx(expected)
        assert sum(scores.share[attribute].values()) == pytest.approx(1)


def test_a_flat_expert_has_no_share_whatever_its_weight() -> None:
    shares = variance_shares(np.column_stack([np.full(10, 9.0), np.arange(10.0)]))
    np.testing.assert_allclose(shares, [0, 1], atol=1e-12)


def test_loss_without_an_expert_compares_with_the_others_alone() -> None:
    said, values, truth = made()
    others_alone = 1 + 6 * values[:, 1, 0]
    expected = ccc(said.values[:, 0], truth[:, 0]) - ccc(others_alone, truth[:, 0])
    assert score_experts(said, truth).ccc_loss_without["valence"]["acoustic"] == pytest.approx(expected)


def test_without_the_only_present_expert_there_is_no_prediction() -> None:
    left = without_expert(np.array([[0.4, 0.0], [0.2, 0.3]]), np.array([[1.0, 0.0], [0.5, 0.5]]), 0)
    np.testing.assert_allclose(left, [np.nan, 0.6])


def test_shares_of_a_constant_prediction_are_undefined() -> None:
    assert np.isnan(variance_shares(np.ones((5, 2)))).all()


def test_parts_that_nearly_cancel_have_no_shares() -> None:
    part = np.random.default_rng(0).normal(0, 1, 500)
    assert np.isnan(variance_shares(np.stack([9 * part, -8 * part], axis=1))).all()
    against = variance_shares(np.stack([1.5 * part, -0.5 * part], axis=1))
    np.testing.assert_allclose(against, [1.5, -0.5])


def test_a_sum_that_varies_by_rounding_alone_has_no_shares() -> None:
    part = np.random.default_rng(0).normal(2, 1, 50)
    cancelling = np.stack([part, 4 - part], axis=1).astype(np.float32).astype(np.float64)
    assert np.ptp(cancelling.sum(axis=1)) > 0
    assert np.isnan(variance_shares(cancelling)).all()


def test_a_single_flat_expert_that_varies_by_rounding_has_no_share() -> None:
    flat = (3 + np.random.default_rng(0).normal(0, 1e-7, (50, 1))).astype(np.float32).astype(np.float64)
    assert np.ptp(flat) > 0
    assert np.isnan(variance_shares(flat)).all()
    np.testing.assert_array_equal(variance_shares(flat + np.linspace(0, 1e-3, 50)[:, None]), [1.0])
