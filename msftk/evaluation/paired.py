"""Whether one system scores higher than another on the same utterances: over speakers drawn anew, and over seeds."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Systems that predicted the same utterances: CCC of each attribute and, last, their mean, averaged over runs.

    Args:
        systems: moments of each, [cluster, run, attribute, 6]; the clusters are the same, the runs differ in the seed.

    The clusters (speakers, sessions) are drawn with replacement, in each draw the same for all systems: what is easy or
    hard about a speaker falls out of a difference. The variance of the draws, times n / (n - 1) of n clusters, and the
    variance of the mean over each system's runs (seeds) add up. The standard error is laid off by Student's t, its
    degrees of freedom by Satterthwaite (1946) from those of clusters (effective number - 1) and seeds (runs - 1). A
    system of one run has no variance over seeds: then it is about that checkpoint.
    """

    def __init__(self, systems: Sequence[Float64], draws: int = DRAWS, seed: int = 0) -> None:
        self.runs = [moments.shape[1] for moments in systems]
        joined = np.concatenate(systems, axis=1)  # [cluster, run of any system, attribute, 6]
        n_ratings = joined[:, 0, :, 0]  # [cluster, attribute]: alike for all
        self.rated = n_ratings.sum(axis=0) > 0  # [attribute]
        self.n_clusters = len(joined)
        self._freedom = max(effective_clusters(n_ratings.sum(axis=1)) - 1.0, 1.0)
        by_run = self._with_mean(ccc_of_moments(joined.sum(axis=0)))
        self.by_run = self._of_systems(by_run)  # each [run, attribute + 1]
        flat = joined.reshape(self.n_clusters, -1)
        drawn = []
        for counts in cluster_counts(self.n_clusters, draws, seed) if self.n_clusters > 1 else ():
            ccc = ccc_of_moments((counts @ flat).reshape(len(counts), *joined.shape[1:]))
            each = self._of_systems(np.moveaxis(self._with_mean(ccc), 1, 0))  # [run, draw, attribute + 1]
            drawn.append(np.stack([of_runs.mean(axis=0) for of_runs in each]))
        self._drawn = np.concatenate(drawn, axis=1) if drawn else None  # [system, draw, attribute + 1]

    def score(self, system: int) -> list[Estimate]:
        """Mean CCC over runs, [attribute + 1]."""
        return self._estimate({system: 1.0}, most=1.0)

    def spread(self, system: int) -> Float64:
        """Standard deviation over runs, [attribute + 1]; NaN for one run."""
        runs = self.by_run[system]
        return runs.std(axis=0, ddof=1) if len(runs) > 1 else np.full(runs.shape[1], np.nan)

    def difference(self, system: int, other: int) -> list[Estimate]:
        """What the first scores more than the second, [attribute + 1]."""
        return self._estimate({system: 1.0, other: -1.0} if system != other else {system: 0.0}, most=2.0)

    def _estimate(self, signs: dict[int, float], most: float) -> list[Estimate]:
        """Of a sum over systems, which lies between -`most` and `most`; so do its intervals."""
        value = sum(sign * self.by_run[s].mean(axis=0) for s, sign in signs.items())
        seeds = {s: sign**2 * self.spread(s) ** 2 / self.runs[s] for s, sign in signs.items() if self.runs[s] > 1}
        if self._drawn is None:
            clusters = np.full(len(value), np.nan)
        else:
            drawn = sum(sign * self._drawn[s] for s, sign in signs.items())
            clusters = _variance(drawn) * self.n_clusters / (self.n_clusters - 1)
        parts = np.stack([clusters, *seeds.values()])  # [part, attribute + 1]
        freedoms = np.array([self._freedom, *(self.runs[s] - 1.0 for s in seeds)])
        return [_estimate(v, part, freedoms, most) for v, part in zip(value, parts.T, strict=True)]

    def _with_mean(self, ccc: Float64) -> Float64:
        mean = ccc[..., self.rated].mean(axis=-1, keepdims=True) if self.rated.any() else ccc[..., :1]
        return np.concatenate([ccc, mean], axis=-1)

    def _of_systems(self, by_run: Float64) -> list[Float64]:
        return np.split(by_run, np.cumsum(self.runs)[:-1])


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
    """Over draws [draw, attribute + 1]; NaN where fewer than half of them are defined."""
    defined = ~np.isnan(drawn)
    n = defined.sum(axis=0)
    mean = np.where(defined, drawn, 0.0).sum(axis=0) / np.maximum(n, 1)
    squares = np.where(defined, (drawn - mean) ** 2, 0.0).sum(axis=0)
    return np.where(2 * n >= len(drawn), squares / np.maximum(n, 1), np.nan)


def _estimate(value: float, variances: Float64, freedoms: Float64, most: float) -> Estimate:
    total = variances.sum()
    if not total > 0:  # identical systems, or undefined
        same = total == 0 and value == 0
        bound = value if same else float("nan")
        return Estimate(float(value), bound, bound, 1.0 if same else float("nan"))
    freedom = max(total**2 / (variances**2 / freedoms).sum(), 1.0)
    reach = float(np.sqrt(total)) * student_t(freedom)
    low, high = np.clip([value - reach, value + reach], -most, most)
    return Estimate(float(value), float(low), float(high), beyond(value / np.sqrt(total), freedom))
