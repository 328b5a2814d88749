"""How sure a CCC is: its 95 % interval, by Student's t over leaving out one cluster (speaker, session) at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from msftk.evaluation.ccc import ccc_of_moments
from msftk.evaluation.clusters import cluster_moments, effective_clusters
from msftk.evaluation.student import student_t
from msftk.types import Float64

METHOD = "t over the cluster jackknife"


def ccc_intervals(prediction: Float64, truth: Float64, labels: Sequence[str]) -> list[tuple[float, float]]:
    """Intervals of each attribute's CCC and, last, of their mean: prediction, truth [n, attribute] -> attribute + 1.

    An attribute that nobody rated is not in the mean. NaN where it is undefined, see `jackknife_interval`.

    >>> truth = np.array([[1.0], [2.0], [4.0], [6.0]])
    >>> ccc_intervals(truth, truth, ["s1", "s1", "s2", "s2"])  # one attribute and the mean
    [(1.0, 1.0), (1.0, 1.0)]
    """
    by_cluster = cluster_moments(prediction, truth, labels)
    rated = by_cluster[..., 0].any(axis=0)
    each = [jackknife_interval(by_cluster[:, [column]]) for column in range(prediction.shape[1])]
    return [*each, jackknife_interval(by_cluster[:, rated])]


def jackknife_interval(by_cluster: Float64) -> tuple[float, float]:
    """95 % interval of the mean CCC over attributes from moments of clusters [cluster, attribute, 6].

    The standard error is the jackknife's: sqrt((n - 1) / n sum (CCC without one cluster - their mean)^2), Efron & Stein
    1981. It is laid off by Student's t with as many degrees of freedom as there are effective clusters, less one: a
    speaker with most of the utterances leaves few. Cut at -1 and 1. Of what was tried it covers best
    (benchmarks/coverage.py).

    Returns:
        NaN, NaN where fewer than two clusters are rated, or CCC is undefined without one of them.

    >>> truth = np.array([[1.0], [2.0], [4.0], [6.0], [3.0], [3.5]])
    >>> moments = cluster_moments(truth[::-1] / 2 + truth, truth, ["s1", "s1", "s2", "s2", "s3", "s3"])
    >>> [round(bound, 2) for bound in jackknife_interval(moments)]
    [-0.06, 1.0]
    """
    n_ratings = by_cluster[..., 0].sum(axis=1)
    rated = by_cluster[n_ratings > 0]
    if len(rated) < 2:
        return (float("nan"), float("nan"))
    total = rated.sum(axis=0)
    whole = ccc_of_moments(total).mean()
    without = ccc_of_moments(total - rated).mean(axis=1)
    error = np.sqrt((len(rated) - 1) / len(rated) * ((without - without.mean()) ** 2).sum())
    reach = error * student_t(max(effective_clusters(n_ratings) - 1.0, 1.0))
    low, high = np.clip([whole - reach, whole + reach], -1.0, 1.0)
    return (float(low), float(high))
