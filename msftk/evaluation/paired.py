"""Whether one system scores higher than another on the same utterances: over speakers drawn anew, and over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from msftk.evaluation.bootstrap import DRAWS, cluster_counts
from msftk.evaluation.ccc import ccc_of_moments
from msftk.evaluation.clusters import effective_clusters
from msftk.evaluation.student import beyond, student_t
from msftk.types import Float64


@dataclass(frozen=True)
class Estimate:
    """A score or a difference: its value, 95 % interval, and the p of "it is 0"; NaN where undefined."""

    value: float
    low: float
    high: float
    p: float


class Paired:
    """Systems that predicted the same utterances: their scores, averaged over runs, and what they differ by.

    Args:
        systems: sums over each cluster that the scores are made of, [cluster, run, ...]; the clusters are the same, the
            runs differ in the seed.
        score: such sums, [..., as above], -> scores [..., score], NaN where undefined.
        sizes: how many utterances of each cluster count [cluster].
        lowest: what a score can be at least; at most it is 1.

    The clusters (speakers, sessions) are drawn with replacement, in each draw the same for all systems: what is easy or
    hard about a speaker falls out of a difference. The variance of the draws, times n / (n - 1) of n clusters, and the
    variance of the mean over each system's runs (seeds) add up. The standard error is laid off by Student's t, its
    degrees of freedom by Satterthwaite (1946) from those of clusters (effective number - 1) and seeds (runs - 1). A
    system of one run has no variance over seeds: then it is about that checkpoint.
    """

    def __init__(
        self,
        systems: Sequence[Float64],
        score: Callable[[Float64], Float64],
        sizes: Float64,
        draws: int = DRAWS,
        seed: int = 0,
        lowest: float = -1.0,
    ) -> None:
        self.runs = [sums.shape[1] for sums in systems]
        joined = np.concatenate(systems, axis=1)  # [cluster, run of any system, ...]
        self.n_clusters, self._lowest = len(joined), lowest
        self._freedom = max(effective_clusters(sizes) - 1.0, 1.0)
        self.by_run = self._of_systems(score(joined.sum(axis=0)))  # each [run, score]
        flat = joined.reshape(self.n_clusters, -1)
        drawn = []
        for counts in cluster_counts(self.n_clusters, draws, seed) if self.n_clusters > 1 else ():
            scores = score((counts @ flat).reshape(len(counts), *joined.shape[1:]))
            each = self._of_systems(np.moveaxis(scores, 1, 0))  # [run, draw, score]
            drawn.append(np.stack([of_runs.mean(axis=0) for of_runs in each]))
        self._drawn = np.concatenate(drawn, axis=1) if drawn else None  # [system, draw, score]

    def score(self, system: int) -> list[Estimate]:
        """Mean over runs, [score]."""
        return self._estimate({system: 1.0}, self._lowest, 1.0)

    def spread(self, system: int) -> Float64:
        """Standard deviation over runs, [score]; NaN for one run."""
        runs = self.by_run[system]
        return runs.std(axis=0, ddof=1) if len(runs) > 1 else np.full(runs.shape[1], np.nan)

    def difference(self, system: int, other: int) -> list[Estimate]:
        """What the first scores more than the second, [score]."""
        most = 1.0 - self._lowest
        return self._estimate({system: 1.0, other: -1.0} if system != other else {system: 0.0}, -most, most)

    def _estimate(self, signs: dict[int, float], least: float, most: float) -> list[Estimate]:
        """Of a sum over systems, which lies between `least` and `most`; so do its intervals."""
        value = sum(sign * self.by_run[s].mean(axis=0) for s, sign in signs.items())
        seeds = {s: sign**2 * self.spread(s) ** 2 / self.runs[s] for s, sign in signs.items() if self.runs[s] > 1}
        if self._drawn is None:
            clusters = np.full(len(value), np.nan)
        else:
            drawn = sum(sign * self._drawn[s] for s, sign in signs.items())
            clusters = _variance(drawn) * self.n_clusters / (self.n_clusters - 1)
        parts = np.stack([clusters, *seeds.values()])  # [part, score]
        freedoms = np.array([self._freedom, *(self.runs[s] - 1.0 for s in seeds)])
        return [_estimate(v, part, freedoms, (least, most)) for v, part in zip(value, parts.T, strict=True)]

    def _of_systems(self, by_run: Float64) -> list[Float64]:
        return np.split(by_run, np.cumsum(self.runs)[:-1])


def paired_ccc(systems: Sequence[Float64], draws: int = DRAWS, seed: int = 0) -> Paired:
    """CCC of each attribute and, last, their mean, of systems whose moments are [cluster, run, attribute, 6].

    >>> from msftk.evaluation.clusters import cluster_moments
    >>> truth = np.array([[[1.0]], [[2.0]], [[4.0]], [[6.0]]])  # [n, run, attribute]
    >>> better, worse = (cluster_moments(truth + off, truth, ["s1", "s1", "s2", "s2"]) for off in (0, 1))
    >>> round(paired_ccc([better, worse], draws=100).difference(0, 1)[0].value, 3)
    0.119
    """
    n_ratings = systems[0][:, 0, :, 0]  # [cluster, attribute]: alike for all
    rated = n_ratings.any(axis=0)

    def score(moments: Float64) -> Float64:
        ccc = ccc_of_moments(moments)
        mean = ccc[..., rated].mean(axis=-1, keepdims=True) if rated.any() else ccc[..., :1]
        return np.concatenate([ccc, mean], axis=-1)

    return Paired(systems, score, n_ratings.sum(axis=1), draws, seed)


def holm(p: Sequence[float]) -> list[float]:
    """p adjusted for how many there are, so that 5 % is the chance of any false claim among them (Holm 1979).

    What is undefined (NaN) stays so, and does not count.

    >>> [round(one, 3) for one in holm([0.01, 0.04, float("nan"), 0.03])]
    [0.03, 0.06, nan, 0.06]
    """
    defined = sorted((value, place) for place, value in enumerate(p) if value == value)
    adjusted, least = [float("nan")] * len(p), 0.0
    for rank, (value, place) in enumerate(defined):
        least = max(least, min(1.0, (len(defined) - rank) * value))
        adjusted[place] = least
    return adjusted


def _variance(drawn: Float64) -> Float64:
    """Over draws [draw, score]; NaN where fewer than half of them are defined."""
    defined = ~np.isnan(drawn)
    n = defined.sum(axis=0)
    mean = np.where(defined, drawn, 0.0).sum(axis=0) / np.maximum(n, 1)
    squares = np.where(defined, (drawn - mean) ** 2, 0.0).sum(axis=0)
    return np.where(2 * n >= len(drawn), squares / np.maximum(n, 1), np.nan)


def _estimate(value: float, variances: Float64, freedoms: Float64, bounds: tuple[float, float]) -> Estimate:
    total = variances.sum()
    if not total > 0:  # identical systems, or undefined
        same = total == 0 and value == 0
        bound = value if same else float("nan")
        return Estimate(float(value), bound, bound, 1.0 if same else float("nan"))
    freedom = max(total**2 / (variances**2 / freedoms).sum(), 1.0)
    reach = float(np.sqrt(total)) * student_t(freedom)
    low, high = np.clip([value - reach, value + reach], *bounds)
    return Estimate(float(value), float(low), float(high), beyond(value / np.sqrt(total), freedom))
