"""How sure a CCC is: 95 % interval by resampling whole clusters (speakers, sessions)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from msftk.evaluation.ccc import ccc_of_moments
from msftk.evaluation.clusters import cluster_moments
from msftk.types import Float64

DRAWS = 2000
CHUNK = 250  # draws at a time: bounds the count matrix where every utterance is its own cluster


def resample(by_cluster: Float64, draws: int = DRAWS, seed: int = 0) -> Float64:
    """CCC of `draws` resamplings of the clusters: [cluster, attribute, 6] -> [draw, attribute].

    A resampled set's moments are the drawn clusters' sum, so all draws are one product of counts and moments.

    >>> truth = np.array([[1.0], [2.0], [4.0], [6.0]])
    >>> resample(cluster_moments(truth + 1, truth, ["s1", "s1", "s2", "s2"]), draws=3).shape
    (3, 1)
    """
    n_clusters = len(by_cluster)
    random = np.random.default_rng(seed)
    flat = by_cluster.reshape(n_clusters, -1)
    drawn = []
    for start in range(0, draws, CHUNK):
        size = min(CHUNK, draws - start)
        counts = random.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=size)
        drawn.append(ccc_of_moments((counts @ flat).reshape(size, *by_cluster.shape[1:])))
    return np.concatenate(drawn)


def interval(drawn: Float64) -> tuple[float, float]:
    """95 % percentile interval of drawn values [draw]; NaN where fewer than half of the draws are defined.

    >>> interval(np.linspace(0, 1, 1001))
    (0.025, 0.975)
    """
    defined = drawn[~np.isnan(drawn)]
    if 2 * len(defined) < len(drawn):
        return (float("nan"), float("nan"))
    low, high = np.percentile(defined, [2.5, 97.5])
    return (float(low), float(high))


def ccc_intervals(
    prediction: Float64, truth: Float64, labels: Sequence[str], draws: int = DRAWS, seed: int = 0
) -> list[tuple[float, float]]:
    """Intervals of each attribute's CCC and, last, of their mean: prediction, truth [n, attribute] -> attribute + 1.

    An attribute that nobody rated is not in the mean. One cluster alone cannot be resampled: NaN.

    >>> truth = np.array([[1.0], [2.0], [4.0], [6.0]])
    >>> ccc_intervals(truth, truth, ["s1", "s1", "s2", "s2"])  # one attribute and the mean
    [(1.0, 1.0), (1.0, 1.0)]
    """
    rated = ~np.isnan(prediction + truth).all(axis=0)
    if len(set(labels)) < 2 or not rated.any():
        return [(float("nan"), float("nan"))] * (prediction.shape[1] + 1)
    drawn = resample(cluster_moments(prediction, truth, labels), draws, seed)
    columns = [*drawn.T, drawn[:, rated].mean(axis=1)]
    return [interval(column) for column in columns]
