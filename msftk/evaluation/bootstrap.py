"""Resampling of whole clusters (speakers, sessions): for what is compared draw by draw."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from msftk.types import Float64

DRAWS = 10_000
CHUNK = 250  # draws at a time: bounds the count matrix where every utterance is its own cluster


def cluster_counts(n_clusters: int, draws: int = DRAWS, seed: int = 0) -> Iterator[Float64]:
    """How often each cluster is drawn, when as many are drawn as there are: parts of [draw, cluster].

    A resampled set's moments are the drawn clusters' sum, so all draws are one product of counts and moments.

    >>> (counts,) = cluster_counts(4, draws=3)
    >>> counts.sum(axis=1).tolist()
    [4.0, 4.0, 4.0]
    """
    random = np.random.default_rng(seed)
    for start in range(0, draws, CHUNK):
        size = min(CHUNK, draws - start)
        drawn = random.integers(0, n_clusters, (size, n_clusters)) + n_clusters * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n_clusters).reshape(size, n_clusters).astype(np.float64)
