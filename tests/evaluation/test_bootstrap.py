"""The cluster bootstrap equals resampling the utterances of drawn speakers one by one."""

from __future__ import annotations

import numpy as np

from msftk.evaluation.bootstrap import interval, resample
from msftk.evaluation.ccc import ccc
from msftk.evaluation.clusters import cluster_moments


def speakers(n: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    random = np.random.default_rng(3)
    labels = [f"s{k % n}" for k in range(12 * n)]
    truth = random.normal(4, 1, (len(labels), 3))
    return truth + random.normal(0.2, 0.8, truth.shape), truth, labels


def test_bootstrap_equals_brute_force_over_the_same_draws() -> None:
    prediction, truth, labels = speakers(7)
    names = sorted(set(labels))
    drawn = resample(cluster_moments(prediction, truth, labels), draws=300, seed=5)
    random = np.random.default_rng(5)
    sizes = (250, 50)  # draws are made in chunks of 250
    counts = np.concatenate([random.multinomial(7, np.full(7, 1 / 7), size=size) for size in sizes])
    for draw in (0, 1, 249, 250, 299):
        rows = [
            row
            for name, times in zip(names, counts[draw], strict=True)
            for row in [r for r, label in enumerate(labels) if label == name] * times
        ]
        expected = [ccc(prediction[rows, a], truth[rows, a]) for a in range(3)]
        np.testing.assert_allclose(drawn[draw], expected, atol=1e-10)


def test_interval_of_mostly_undefined_draws_is_undefined() -> None:
    assert np.isnan(interval(np.array([0.5, np.nan, np.nan, 0.4, np.nan]))).all()
    assert interval(np.array([0.5, 0.5, np.nan])) == (0.5, 0.5)


def test_the_interval_is_the_middle_95_per_cent() -> None:
    assert interval(np.arange(1001.0)) == (25.0, 975.0)
