"""The interval is the jackknife over clusters laid off by Student's t, and holds the truth as often as it says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from msftk.evaluation.ccc import ccc
from msftk.evaluation.intervals import ccc_intervals

N_TIMES = 300


def speakers(n: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Ratings and predictions of speakers who have means of their own; the first says three times as much."""
    random = np.random.default_rng(seed)
    speaker = np.concatenate([np.arange(12 * n) % n, np.zeros(24, int)])
    truth = 4 + 0.5 * random.normal(0, 1, (n, 3))[speaker] + random.normal(0, 0.9, (len(speaker), 3))
    err = 0.2 + 0.4 * random.normal(0, 1, (n, 3))[speaker] + random.normal(0, 0.6, truth.shape)
    return truth + err, truth, [f"s{one}" for one in speaker]


def by_hand(prediction: np.ndarray, truth: np.ndarray, labels: list[str]) -> tuple[float, float]:
    """The same of one attribute, with every speaker left out in turn."""
    names = np.array(labels)
    sizes = np.array([(names == name).sum() for name in sorted(set(labels))])
    without = np.array([ccc(prediction[names != name], truth[names != name]) for name in sorted(set(labels))])
    error = np.sqrt((len(without) - 1) * without.var())
    reach = stats.t.ppf(0.975, sizes.sum() ** 2 / (sizes**2).sum() - 1) * error
    whole = ccc(prediction, truth)
    return max(whole - reach, -1), min(whole + reach, 1)


@pytest.mark.parametrize("n", [3, 7, 12])
def test_intervals_equal_leaving_out_each_speaker_by_hand(n: int) -> None:
    prediction, truth, labels = speakers(n)
    found = ccc_intervals(prediction, truth, labels)
    for column in range(3):
        expected = by_hand(prediction[:, column], truth[:, column], labels)
        np.testing.assert_allclose(found[column], expected, atol=5e-5)
    mean = np.mean([ccc(prediction[:, a], truth[:, a]) for a in range(3)])
    assert found[3][0] < mean < found[3][1]


def test_speakers_without_a_rating_of_the_attribute_do_not_count() -> None:
    prediction, truth, labels = speakers(7)
    unrated = np.array([label in ("s1", "s2") for label in labels])
    truth[unrated, 1] = np.nan
    kept = [label for label in labels if label not in ("s1", "s2")]
    expected = by_hand(prediction[~unrated, 1], truth[~unrated, 1], kept)
    np.testing.assert_allclose(ccc_intervals(prediction, truth, labels)[1], expected, atol=5e-5)


def test_one_cluster_has_no_interval() -> None:
    prediction, truth, _ = speakers(2)
    assert np.isnan(ccc_intervals(prediction, truth, ["one"] * len(truth))).all()


def test_undefined_without_one_speaker_is_undefined() -> None:
    truth = np.array([[1.0], [2.0], [3.0], [4.0]])
    truth[2:] = np.nan  # all ratings are of one speaker
    assert np.isnan(ccc_intervals(truth, truth, ["a", "a", "b", "b"])).all()
    constant = np.array([[1.0], [2.0], [4.0], [4.0], [4.0]])  # without speaker a nothing varies
    assert np.isnan(ccc_intervals(constant, constant, ["a", "a", "b", "c", "c"])).all()


@pytest.mark.parametrize("n", [4, 10])
def test_the_interval_holds_the_ccc_over_all_speakers(n: int) -> None:
    between, within = 0.25, 0.81
    error = 0.16 + 0.36
    true = 2 * (between + within) / (2 * (between + within) + error + 0.2**2)
    bounds = np.array([ccc_intervals(*speakers(n, seed))[0] for seed in range(N_TIMES)])
    held = ((bounds[:, 0] <= true) & (true <= bounds[:, 1])).mean()
    assert 0.91 < held < 0.985  # a percentile bootstrap over 4 speakers: .78
