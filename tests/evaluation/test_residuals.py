from __future__ import annotations

import numpy as np
import pytest

from msftk.evaluation.residuals import (
    error_by_deviation,
    error_of_the_surest,
    residuals_by_slice,
    residuals_of,
    slicings,
    worst_rows,
)
from msftk.types import Utterance


def test_residuals_are_prediction_less_rating() -> None:
    random = np.random.default_rng(0)
    values, truth = random.normal(4, 1, (50, 3)), random.normal(4, 1, (50, 3))
    truth[:10, 1] = np.nan
    found = residuals_of(values, truth)
    far = (values - truth)[10:, 1]
    assert found["arousal"].n == 40
    assert found["arousal"].bias == pytest.approx(far.mean())
    assert found["arousal"].rmse == pytest.approx(np.sqrt((far**2).mean()))
    assert found["arousal"].quantiles == pytest.approx(np.quantile(far, [0.05, 0.25, 0.5, 0.75, 0.95]))


def test_each_part_has_its_own_and_speakers_are_no_parts() -> None:
    people = [Utterance(str(k), None, gender="fm"[k % 2], speaker=str(k), duration_s=1.0) for k in range(4)]
    assert slicings(people) == ["gender"]
    values = np.array([[1.0], [5.0], [2.0], [6.0]]) * np.ones(3)
    found = residuals_by_slice(values, np.zeros((4, 3)), people)
    assert {part: own["valence"]["bias"] for part, own in found["gender"].items()} == {"f": 1.5, "m": 5.5}


def test_a_deviation_that_is_true_is_as_large_as_the_errors_and_rejecting_by_it_helps() -> None:
    random = np.random.default_rng(0)
    told = random.uniform(0.2, 2.0, 20_000)
    far = random.normal(0, told)
    far[0] = np.nan
    parts = error_by_deviation(told, far)
    assert sum(one["n"] for one in parts) == 19_999
    assert all(one["rmse"] == pytest.approx(one["deviation"], rel=0.08) for one in parts)
    errors = [one["rmse"] for one in error_of_the_surest(told, far)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] == pytest.approx(np.sqrt(np.nanmean(far**2)))
    blind = [one["rmse"] for one in error_of_the_surest(random.permutation(told), far)]
    assert blind[-1] == pytest.approx(blind[0], rel=0.15)  # what tells nothing helps nothing


def test_the_worst_come_first_and_an_unrated_one_never() -> None:
    truth = np.array([[4.0, 4.0, 4.0], [np.nan] * 3, [1.0, np.nan, 4.0], [7.0, 7.0, 7.0]])
    found = worst_rows(np.full((4, 3), 4.0), truth, 2)
    assert found == [(3, 3.0), (2, pytest.approx(np.sqrt(4.5)))]
