"""Several systems on the same utterances: what each scores, and by how much they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from msftk.counting import counted
from msftk.errors import InputError
from msftk.evaluation.attributes import rated_attributes
from msftk.evaluation.bootstrap import DRAWS
from msftk.evaluation.clusters import cluster_moments, clusters_of
from msftk.evaluation.evaluation import score_others
from msftk.evaluation.paired import Estimate, Paired, holm, paired_ccc
from msftk.evaluation.paired_targets import TargetDifference, pair_targets, target_differences
from msftk.evaluation.predictions import Predictions
from msftk.evaluation.scores import ratings_of
from msftk.files import without_nan
from msftk.types import ATTRIBUTES, Utterance

COLUMNS = (*ATTRIBUTES, "mean")


@dataclass(frozen=True)
class SystemScores:
    """Of one system, by attribute and "mean": mean CCC of its runs with interval, their spread, and each run's CCC.

    `targets`: target beside the ratings, of those that all its runs predict -> score, as UAR -> that of each run;
    `targets_mean`: of targets that are tested -> score -> the mean of its runs with interval.
    """

    ccc: Mapping[str, Estimate]
    sd: Mapping[str, float]
    runs: Sequence[Mapping[str, float]]
    targets: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    targets_mean: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """By how much `system` scores more than `other`, by attribute and "mean"; `holm`: p adjusted over its family.

    `targets`: the same of targets whose classes both tell apart, as category -> its scores; adjusted over the pairs of
    the family and the scores of one target.
    """

    system: str
    other: str
    family: str
    by: Mapping[str, Estimate]
    holm: Mapping[str, float]
    targets: Mapping[str, TargetDifference] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """Scores of systems and differences between them, over `n` utterances of `clusters` speakers or sessions (`over`).

    `attributes`: those that are both rated and predicted, and "mean".
    """

    systems: Mapping[str, SystemScores]
    differences: Sequence[Difference]
    attributes: tuple[str, ...]
    n: int
    over: str
    clusters: int
    draws: int
    facts: Mapping[str, Any] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """Plain values; undefined numbers are null."""
        plain: dict[str, Any] = without_nan(asdict(self))
        return plain


def compare_predictions(
    systems: Mapping[str, Sequence[Predictions]],
    utterances: Sequence[Utterance],
    families: Mapping[str, Sequence[tuple[str, str]]],
    *,
    cluster_by: str = "speaker",
    draws: int = DRAWS,
    facts: Mapping[str, Any] | None = None,
) -> Comparison:
    """Scores systems, and compares pairs of them, on the utterances that all predicted.

    Args:
        systems: name -> the predictions of each of its runs; all of the same utterances (see `refuse_different`).
        utterances: with their ratings.
        families: name -> pairs (system, other) whose p are adjusted together, over pairs and attributes.
        cluster_by: what is drawn anew, "speaker" or "session".
    Raises:
        InputError: no utterance has both a rating and a prediction.

    >>> from msftk.types import RatingScale
    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0], [3.0, 3.0, 3.0]])
    >>> made = Predictions(("a", "b", "c"), values, RatingScale(1, 7), ("one",), values[:, None], values[:, None])
    >>> rated = [Utterance(u, None, ratings=dict(zip(ATTRIBUTES, row))) for u, row in zip(made.ids, values)]
    >>> found = compare_predictions({"x": [made], "y": [made]}, rated, {"all": [("y", "x")]}, draws=100)
    >>> found.systems["x"].ccc["mean"].value, found.differences[0].by["mean"].value
    (1.0, 0.0)
    """
    said = next(iter(systems.values()))[0]
    have = set(said.ids)
    rated = [u for u in utterances if u.ratings and u.id in have]
    truth = ratings_of(rated)[:, None, :]
    ids = [u.id for u in rated]
    values = {name: np.stack([run.of(ids).values for run in runs], axis=1) for name, runs in systems.items()}
    if not rated or np.isnan(truth + values[next(iter(values))]).all():
        raise InputError(
            f"none of {counted(len(utterances), 'utterance')} has both ratings and a prediction: nothing to compare. "
            "Give a split with ratings."
        )
    clusters = clusters_of(rated, cluster_by)
    paired = paired_ccc([cluster_moments(one, truth, clusters.labels) for one in values.values()], draws)
    others = pair_targets(systems, rated, clusters.labels, draws)
    place = {name: row for row, name in enumerate(systems)}
    return Comparison(
        systems={
            name: _scores(
                paired,
                row,
                _targets(systems[name], rated),
                {one.target: one.score(name) for one in others if name in one.place},
            )
            for name, row in place.items()
        },
        differences=[
            one
            for family, pairs in families.items()
            for one in _family(
                family,
                pairs,
                [paired.difference(place[a], place[b]) for a, b in pairs],
                target_differences(others, pairs),
            )
        ],
        attributes=(*rated_attributes(next(iter(values.values()))[:, 0], truth[:, 0]), "mean"),
        n=len(rated),
        over=clusters.by,
        clusters=clusters.n,
        draws=draws,
        facts=facts or {},
    )


def _targets(runs: Sequence[Predictions], rated: Sequence[Utterance]) -> dict[str, dict[str, list[float]]]:
    found = [score_others(run, rated)[0] for run in runs]
    shared = [name for name in found[0] if all(name in one for one in found)]
    return {name: {score: [one[name][score] for one in found] for score in found[0][name]} for name in shared}


def _scores(
    paired: Paired,
    system: int,
    targets: Mapping[str, Mapping[str, Sequence[float]]],
    targets_mean: Mapping[str, Mapping[str, Estimate]],
) -> SystemScores:
    return SystemScores(
        dict(zip(COLUMNS, paired.score(system), strict=True)),
        dict(zip(COLUMNS, paired.spread(system).tolist(), strict=True)),
        [dict(zip(COLUMNS, run.tolist(), strict=True)) for run in paired.by_run[system]],
        targets,
        targets_mean,
    )


def _family(
    name: str,
    pairs: Sequence[tuple[str, str]],
    found: Sequence[Sequence[Estimate]],
    others: Sequence[Mapping[str, TargetDifference]],
) -> list[Difference]:
    adjusted = iter(holm([one.p for each in found for one in each]))
    return [
        Difference(*pair, name, dict(zip(COLUMNS, each, strict=True)), {c: next(adjusted) for c in COLUMNS}, own)
        for pair, each, own in zip(pairs, found, others, strict=True)
    ]


def common(systems: Mapping[str, Sequence[Predictions]]) -> dict[str, list[Predictions]]:
    """The same systems on the utterances that every run of each predicted, in the order of the first.

    >>> from msftk.types import RatingScale
    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0], [3.0, 3.0, 3.0]])
    >>> made = Predictions(("a", "b", "c"), values, RatingScale(1, 7), ("one",), values[:, None], values[:, None])
    >>> [run.ids for run in common({"x": [made.of(["a", "b"])], "y": [made]})["y"]]
    [('a', 'b')]
    """
    runs = [run for own in systems.values() for run in own]
    shared = set(runs[0].ids).intersection(*(run.ids for run in runs))
    ids = [one for one in runs[0].ids if one in shared]
    return {name: [run.of(ids) for run in own] for name, own in systems.items()}


def refuse_different(systems: Mapping[str, Sequence[Predictions]]) -> None:
    """Raises InputError unless all runs predicted the same utterances.

    >>> from msftk.types import RatingScale
    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0], [3.0, 3.0, 3.0]])
    >>> made = Predictions(("a", "b", "c"), values, RatingScale(1, 7), ("one",), values[:, None], values[:, None])
    >>> refuse_different({"x": [made.of(["a", "b"])], "y": [made]})
    Traceback (most recent call last):
    msftk.errors.InputError: x and y predicted different utterances: 0 only by the first, 1 only by the second, ...
    """
    (first_name, first), *others = [(name, run) for name, own in systems.items() for run in own]
    for name, run in others:
        own, other = set(first.ids), set(run.ids)
        if own != other:
            raise InputError(
                f"{first_name} and {name} predicted different utterances: {len(own - other)} only by the first, "
                f"{len(other - own)} only by the second, {len(own & other)} by both. Compare those of both with "
                "--intersection, or score both on one corpus."
            )


def rated_otherwise(first: Sequence[Utterance], other: Sequence[Utterance]) -> str | None:
    """The first id of both whose ratings differ; None where there is none.

    >>> rated_otherwise([Utterance("a", None, ratings={"valence": 3})], [Utterance("a", None, ratings={"valence": 4})])
    'a'
    """
    known: dict[str, Mapping[str, float] | None] = {u.id: u.ratings for u in first}
    return next((u.id for u in other if u.id in known and dict(u.ratings or {}) != dict(known[u.id] or {})), None)
