"""Resampling of whole clusters (speakers, sessions): for what is compared draw by draw."""

from __future__ import annotations

import numpy as np

from msftk.evaluation.ccc import ccc_of_moments
from msftk.types import Float64

DRAWS = 2000
CHUNK = 250  # draws at a time: bounds the count matrix where every utterance is its own cluster


def resample(by_cluster: Float64, draws: int = DRAWS, seed: int = 0) -> Float64:
    """CCC of `draws` resamplings of the clusters: [cluster, attribute, 6] -> [draw, attribute].

    A resampled set's moments are the drawn clusters' sum, so all draws are one product of counts and moments.

    >>> from msftk.evaluation.clusters import cluster_moments
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
