"""How sure a CCC is: 95 % interval by resampling whole clusters (speakers, sessions)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from msftk.evaluation.ccc import ccc_of_moments, moments, origin_of
from msftk.types import Float64, Utterance

DRAWS = 2000
FEW_CLUSTERS = 10  # below this a percentile interval describes these speakers, it does not speak for others
CHUNK = 250  # draws at a time: bounds the count matrix where every utterance is its own cluster


@dataclass(frozen=True)
class Clusters:
    """The cluster of each utterance; `unknown` lists utterances without one, each a cluster of its own."""

    by: str
    labels: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def n(self) -> int:
        return len(set(self.labels))

    @property
    def descriptive(self) -> bool:
        return self.n < FEW_CLUSTERS


def clusters_of(utterances: Sequence[Utterance], by: str = "speaker") -> Clusters:
    """Groups utterances by speaker or session (`by`); utterances that lack it are clusters of their own.

    >>> clusters_of([Utterance("a", None, speaker="s1"), Utterance("b", None, speaker="s1"), Utterance("c", None)])
    Clusters(by='speaker', labels=('=s1', '=s1', '?c'), unknown=('c',))
    """
    known = [getattr(utterance, by) for utterance in utterances]
    labels = tuple(
        f"={label}" if label is not None else f"?{utterance.id}"
        for label, utterance in zip(known, utterances, strict=True)
    )
    unknown = tuple(u.id for label, u in zip(known, utterances, strict=True) if label is None)
    return Clusters(by, labels, unknown)


def cluster_moments(prediction: Float64, truth: Float64, labels: Sequence[str]) -> Float64:
    """Moments of each cluster, sorted by label: prediction, truth [n, attribute] -> [cluster, attribute, 6].

    >>> one_attribute = np.array([[1.0], [2.0], [4.0]])
    >>> cluster_moments(one_attribute, one_attribute, ["s1", "s1", "s2"]).shape
    (2, 1, 6)
    """
    members: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        members.setdefault(label, []).append(row)
    origin = origin_of(truth)
    return np.stack([moments(prediction[rows], truth[rows], origin) for _, rows in sorted(members.items())])


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
