"""Figures beside CCC, each against its definition written out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from msftk.evaluation.ccc import ccc
from msftk.evaluation.scores import bias, ccc_within_category, pearson, ratings_of, rmse, scale_ratio
from msftk.types import ATTRIBUTES, Utterance


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    truth = random.uniform(1, 7, 60)
    return 0.5 * truth + 2 + random.normal(0, 0.7, 60), truth


def test_pearson_equals_numpy(pair: tuple[np.ndarray, np.ndarray]) -> None:
    assert pearson(*pair) == pytest.approx(np.corrcoef(*pair)[0, 1])


def test_bias_scale_ratio_and_rmse_are_on_the_corpus_scale(pair: tuple[np.ndarray, np.ndarray]) -> None:
    prediction, truth = pair
    assert bias(prediction, truth) == pytest.approx(prediction.mean() - truth.mean())
    assert scale_ratio(prediction, truth) == pytest.approx(prediction.std() / truth.std())
    assert rmse(prediction, truth) == pytest.approx(np.sqrt(np.mean((prediction - truth) ** 2)))


def test_unrated_utterances_are_left_out(pair: tuple[np.ndarray, np.ndarray]) -> None:
    prediction, truth = pair
    gaps = truth.copy()
    gaps[::3] = np.nan
    rated = ~np.isnan(gaps)
    for score in (pearson, bias, scale_ratio, rmse):
        assert score(prediction, gaps) == pytest.approx(score(prediction[rated], truth[rated]))


@pytest.mark.parametrize("score", [pearson, bias, scale_ratio, rmse])
def test_scores_of_nothing_are_undefined(score) -> None:  # type: ignore[no-untyped-def]
    assert np.isnan(score(np.array([np.nan]), np.array([1.0])))


def test_within_category_forgives_category_means_and_sees_only_degrees() -> None:
    categories = ["calm"] * 4 + ["angry"] * 4 + ["once", None]
    truth = np.array([1, 2, 3, 4, 4, 5, 6, 7, 1, 1.0])
    degrees = np.array([0, 1, 2, 3, 0, 1, 2, 3, 50, 50.0])
    assert ccc_within_category(degrees + 9, truth, categories) == pytest.approx(1)
    only_the_mean = np.array([2.5] * 4 + [5.5] * 4 + [1, 1])
    assert ccc(only_the_mean, truth) > 0.7
    assert ccc_within_category(only_the_mean, truth, categories) == 0


def test_within_category_is_undefined_without_categories() -> None:
    assert np.isnan(ccc_within_category(np.arange(3.0), np.arange(3.0), [None] * 3))


def test_ratings_are_read_by_name_with_nan_where_absent() -> None:
    utterances = [Utterance("a", Path("a.wav"), ratings={"dominance": 3.0, "valence": 1.0}), Utterance("b", Path("b"))]
    np.testing.assert_array_equal(ratings_of(utterances), [[1, np.nan, 3], [np.nan] * 3])
    assert ATTRIBUTES == ("valence", "arousal", "dominance")
