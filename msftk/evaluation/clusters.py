"""What is drawn together when scores are asked how sure they are: clusters (speakers, sessions) and their moments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from msftk.evaluation.ccc import origin_of, terms
from msftk.types import Float64, Utterance


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
    def effective(self) -> float:
        return effective_clusters(np.array(list(Counter(self.labels).values()), np.float64))


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


def effective_clusters(sizes: Float64) -> float:
    """How many clusters of equal size would vary as much as these [cluster]: (sum n)^2 / sum n^2 (Kish 1965).

    >>> effective_clusters(np.array([10.0, 10.0])), effective_clusters(np.array([30.0, 10.0]))
    (2.0, 1.6)
    """
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def cluster_moments(prediction: Float64, truth: Float64, labels: Sequence[str]) -> Float64:
    """Moments (n, sums of p, t, pp, tt, pt) of each cluster, sorted by label: [n, ..., attribute] -> [cluster, ..., 6].

    Moments of clusters add up to those of their union, so whatever is resampled or left out is a sum of rows. Several
    systems at once: prediction [n, system, attribute] and truth [n, 1, attribute] -> [cluster, system, attribute, 6].

    >>> one_attribute = np.array([[1.0], [2.0], [4.0]])
    >>> cluster_moments(one_attribute, one_attribute, ["s1", "s1", "s2"]).shape
    (2, 1, 6)
    """
    _, cluster = np.unique(np.asarray(labels), return_inverse=True)
    together = np.argsort(cluster, kind="stable")
    first = np.searchsorted(cluster[together], np.arange(cluster.max() + 1))
    each = terms(prediction[together], truth[together], origin_of(truth))
    return np.stack([np.add.reduceat(term, first, axis=0) for term in each], axis=-1)
