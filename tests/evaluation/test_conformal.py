from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msftk.errors import InputError
from msftk.evaluation.conformal import calibrate, coverage_of, group_quantile
from msftk.evaluation.predictions import Predictions
from msftk.types import ATTRIBUTES, RatingScale, Utterance

SCALE = RatingScale(1, 7)


def said(values: np.ndarray, **extra: np.ndarray) -> Predictions:
    ids = tuple(f"u{k}" for k in range(len(values)))
    parts = values[:, None] - 1
    return Predictions(ids, values, SCALE, ("one",), parts, np.ones_like(parts), extra=extra)


def rated(truth: np.ndarray) -> list[Utterance]:
    return [
        Utterance(f"u{k}", None, ratings={a: v for a, v in zip(ATTRIBUTES, row, strict=True) if not np.isnan(v)})
        for k, row in enumerate(truth.tolist())
    ]


def slowly(groups: list[list[float]], coverage: float) -> float:
    """The definition: the least level at which the others hold enough, tried one by one."""

    def quantile(of: list[list[float]], level: float) -> float:
        every = sorted(score for own in of for score in own)
        reached = (s for s in every if sum(sum(x <= s for x in own) / len(own) for own in of) / len(of) >= level - 1e-9)
        return next(reached, math.inf)

    def holds(level: float) -> float:
        shares = []
        for k, own in enumerate(groups):
            limit = quantile(groups[:k] + groups[k + 1 :], level)
            shares.append(sum(score <= limit for score in own) / len(own) if limit < math.inf else 0.0)
        return sum(shares) / len(shares)

    levels = sorted({
        sum(sum(x <= s for x in own) / len(own) for own in rest) / len(rest)
        for k in range(len(groups))
        for rest in [groups[:k] + groups[k + 1 :]]
        for s in [s for own in rest for s in own]
    })  # fmt: skip
    level = next((one for one in levels if holds(one) >= coverage - 1e-9), math.inf)
    return quantile(groups, level)


@given(st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=6), min_size=2, max_size=7), st.floats(0.05, 0.95))
def test_quantile_is_the_one_that_holds_enough_of_who_is_left_out(groups: list[list[int]], coverage: float) -> None:
    noise = np.random.default_rng(sum(map(len, groups)))
    apart = [[score + noise.random() for score in own] for own in groups]  # no ties
    labels = [f"s{k}" for k, own in enumerate(apart) for _ in own]
    found = group_quantile(np.array([score for own in apart for score in own]), labels, coverage)
    assert found == slowly(apart, coverage)


@pytest.mark.parametrize("n_speakers", [12, 40])
def test_of_new_speakers_it_holds_as_many_as_asked(n_speakers: int) -> None:
    """Speakers differ in bias, noise and how much they say: what an interval over utterances would not see."""
    noise = np.random.default_rng(n_speakers)
    held = []
    for _ in range(1500):
        sizes = noise.integers(3, 40, n_speakers)
        labels = np.repeat(np.arange(n_speakers), sizes)
        bias, width = noise.normal(0, 0.5, n_speakers), noise.uniform(0.2, 1, n_speakers)
        errors = np.abs(bias[labels] + width[labels] * noise.normal(size=len(labels)))
        half = group_quantile(errors, labels, 0.9)
        new = abs(noise.normal(0, 0.5) + noise.uniform(0.2, 1) * noise.normal())
        held.append(new <= half)
    assert 0.88 <= np.mean(held) <= 0.92  # of 1500 draws two standard errors are .015


def test_too_few_speakers_are_told_what_they_can_promise() -> None:
    truth = np.full((4, 3), 3.0)
    with pytest.raises(InputError, match=r"--interval 0\.9: 2 speakers of dev with ratings cannot"):
        calibrate(said(truth + np.array([[0.1], [0.2], [0.3], [0.4]])), rated(truth), ["a", "a", "b", "b"], 0.9)
    with pytest.raises(InputError, match=r"--interval 0\.5: 3 speakers of dev"):
        calibrate(said(truth + 0.1), rated(truth), ["a", "b", "c", "c"], 0.5)
    with pytest.raises(InputError, match=r"--interval 90"):
        calibrate(said(truth), rated(truth), ["a"] * 4, 90)


def test_bounds_lie_around_the_value_and_on_the_scale() -> None:
    truth = np.array([[2.0, 3.0, np.nan], [6.0, 5.0, np.nan], [4.0, 4.0, np.nan], [4.0, 4.0, np.nan]])
    values = truth + [[1.0, 0.5, 0.0]] * 4
    values[:, 2] = 4.0
    made = calibrate(said(values), rated(truth), list("abcd"), 0.5)
    assert made.half_widths == {"valence": 1.0, "arousal": 0.5}
    bounds = made.of(said(values))
    np.testing.assert_allclose(bounds.extra["low"][:, 0], [2.0, 6.0, 4.0, 4.0])
    np.testing.assert_allclose(bounds.extra["high"][:, 0], [4.0, 7.0, 6.0, 6.0])  # 8 is cut
    assert np.isnan(bounds.extra["low"][:, 2]).all()
    scores = coverage_of(bounds, truth)
    assert scores["covered"]["valence"] == 1.0
    assert scores["interval_width"]["arousal"] == 1.0
    assert math.isnan(scores["covered"]["dominance"])
    assert coverage_of(said(values), truth) == {}


def test_on_another_scale_it_is_as_wide_in_proportion() -> None:
    truth = np.full((4, 3), 4.0)
    made = calibrate(said(truth + 0.6), rated(truth), list("abcd"), 0.5)
    other = replace(said(np.full((1, 3), 3.0)), scale=RatingScale(1, 5))
    np.testing.assert_allclose(made.of(other).extra["high"], 3.4)


def test_where_the_model_knows_how_sure_it_is_widths_follow() -> None:
    truth = np.full((4, 3), 4.0)
    spread = np.array([[0.3], [0.6], [0.3], [0.6]]) * np.ones(3)
    sure = said(truth + 2 * spread, aleatoric=spread * 0.6, epistemic=spread * 0.8)
    made = calibrate(sure, rated(truth), list("abcd"), 0.5, ("aleatoric", "epistemic"))
    assert made.half_widths["valence"] == pytest.approx(2.0)
    bounds = made.of(sure)
    np.testing.assert_allclose(bounds.extra["high"] - bounds.values, np.minimum(2 * spread, 7 - bounds.values))
