"""Whether one system tells classes better than another: scores of targets beside the ratings, tested as CCC is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msftk.evaluation.paired import Estimate, Paired, holm
from msftk.evaluation.predictions import Predictions
from msftk.interfaces import Target
from msftk.registry import registry
from msftk.types import Float64, Utterance

Systems = Mapping[str, Sequence[Predictions]]


@dataclass(frozen=True)
class PairedTarget:
    """Systems whose runs all tell the same classes apart; `place`: system -> which of `paired` it is."""

    target: str
    scores: tuple[str, ...]
    place: Mapping[str, int]
    paired: Paired

    def score(self, system: str) -> dict[str, Estimate]:
        """Score -> its mean over the runs of a system."""
        return dict(zip(self.scores, self.paired.score(self.place[system]), strict=True))

    def difference(self, system: str, other: str) -> dict[str, Estimate]:
        """Score -> what the first has more of it than the second."""
        found = self.paired.difference(self.place[system], self.place[other])
        return dict(zip(self.scores, found, strict=True))


@dataclass(frozen=True)
class TargetDifference:
    """By how much one system scores more than another in a target beside the ratings, by score; `holm`: p adjusted."""

    by: Mapping[str, Estimate]
    holm: Mapping[str, float]


def pair_targets(
    systems: Systems, utterances: Sequence[Utterance], labels: Sequence[str], draws: int
) -> list[PairedTarget]:
    """Each target whose scores are made of sums (`Target.sums`), for all systems that tell the same classes: scores
    over different ones are not compared.

    Args:
        systems: name -> the predictions of each of its runs.
        labels: cluster of each utterance; clusters are drawn as for CCC.

    >>> from msftk.evaluation.predictions import OtherTarget
    >>> from msftk.types import RatingScale
    >>> class_of = {"a": "A", "b": "H", "c": "A", "d": "H"}
    >>> rated = [Utterance(one, None, category=category) for one, category in class_of.items()]
    >>> def telling(said: list[int]) -> Predictions:  # 0: A, 1: H
    ...     empty, other = np.zeros((4, 1, 3)), OtherTarget(("A", "H"), {"value": np.eye(2)[said]})
    ...     scale = RatingScale(1, 7)
    ...     return Predictions(tuple(class_of), empty[:, 0], scale, ("one",), empty, empty, others={"category": other})
    >>> systems = {"right": [telling([0, 1, 0, 1])], "half": [telling([0, 1, 1, 0])]}
    >>> (found,) = pair_targets(systems, rated, ["s1", "s1", "s2", "s2"], draws=100)
    >>> found.difference("half", "right")["uar"].value
    -0.5
    """
    alike: dict[tuple[str, frozenset[str]], list[str]] = {}
    for system, runs in systems.items():
        for name in runs[0].others:
            told = [frozenset(run.others[name].columns) for run in runs if name in run.others]
            if len(told) == len(runs) and len({*told}) == 1:
                alike.setdefault((name, told[0]), []).append(system)
    cluster = np.unique(np.asarray(labels), return_inverse=True)[1]
    found = [
        _paired(name, {one: systems[one] for one in own}, utterances, cluster, draws)
        for (name, _), own in alike.items()
    ]
    return [one for one in found if one]


def target_differences(
    targets: Sequence[PairedTarget], pairs: Sequence[tuple[str, str]]
) -> list[dict[str, TargetDifference]]:
    """Of each pair (system, other): target -> difference; p is adjusted over the pairs and scores of one target.

    >>> target_differences([], [("film", "none")])  # they predict ratings alone
    [{}]
    """
    found: list[dict[str, TargetDifference]] = [{} for _ in pairs]
    for name in dict.fromkeys(one.target for one in targets):
        own = [one for one in targets if one.target == name]
        by = {
            row: one.difference(*pair) for one in own for row, pair in enumerate(pairs) if one.place.keys() >= {*pair}
        }
        adjusted = iter(holm([one.p for each in by.values() for one in each.values()]))
        for row, each in by.items():
            found[row][name] = TargetDifference(each, {score: next(adjusted) for score in each})
    return found


def _paired(
    name: str, systems: Systems, utterances: Sequence[Utterance], cluster: NDArray[np.int64], draws: int
) -> PairedTarget | None:
    """None where the target makes its scores otherwise, or no utterance has a class."""
    sums: dict[str, list[Float64]] = {}
    for system, runs in systems.items():
        for run in runs:
            other = run.of([u.id for u in utterances]).others[name]
            target: Target = registry().create("target", name, other.options)
            truth = target.truth(utterances, other.columns)
            each = target.sums(other.outputs, truth, other.columns)
            by_cluster = np.zeros((cluster.max() + 1, each.shape[1]))
            np.add.at(by_cluster, cluster, each)
            sums.setdefault(system, []).append(by_cluster)
    has_class = ~np.isnan(truth).any(axis=1)
    if not each.size or not has_class.any():
        return None

    def score(summed: Float64) -> Float64:
        return np.stack([*target.scores_of(summed).values()], axis=-1)

    joined = [np.stack(own, axis=1) for own in sums.values()]  # [cluster, run, sum]
    sizes = np.bincount(cluster, weights=has_class).astype(np.float64)
    paired = Paired(joined, score, sizes, draws, lowest=0.0)
    return PairedTarget(name, tuple(target.scores_of(each[0])), {one: row for row, one in enumerate(sums)}, paired)
