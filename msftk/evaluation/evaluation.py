"""All scores of a set of predictions: CCC with intervals, the figures beside it, experts, and the protocol card."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from msftk.counting import counted
from msftk.errors import InputError
from msftk.evaluation.attributes import Numbers, ccc_by_attribute, ci95_by_attribute, rated_attributes
from msftk.evaluation.clusters import clusters_of
from msftk.evaluation.conformal import coverage_of
from msftk.evaluation.experts import ExpertScores, score_experts
from msftk.evaluation.intervals import METHOD
from msftk.evaluation.predictions import Predictions
from msftk.evaluation.scores import SCORES, ccc_within_category, ratings_of
from msftk.evaluation.slices import SliceScores, score_slices
from msftk.evaluation.yardsticks import yardsticks
from msftk.files import without_nan
from msftk.interfaces import Target
from msftk.registry import registry
from msftk.types import ATTRIBUTES, Float64, Utterance

Confusion = dict[str, dict[str, int]]


@dataclass(frozen=True)
class FoldScores:
    """CCC of each fold by attribute and "mean", and over folds their mean and spread (sample standard deviation)."""

    ccc: dict[str, Numbers]
    mean: Numbers
    spread: Numbers


@dataclass(frozen=True)
class Evaluation:
    """Scores of one split by attribute, NaN where undefined; `protocol` says how they came about.

    `ccc` and `ci95` also hold "mean" (over attributes); `n` counts utterances with a rating and a prediction. `role` is
    "held out", "selected on" or "trained on". `by_sources`: CCC with only these semantic sources switched on in
    prediction, "none" being acoustics alone. `targets`: scores by name of each target beside the ratings; `confusion`:
    of each that is classes, see `Target.confusion`. `slices`: what the split was sliced by -> part -> its scores.
    `attributes`: those that are both predicted and rated; of the others all is NaN, and they are not in the mean.
    """

    ccc: Numbers
    ci95: dict[str, tuple[float, float]]
    n: int
    missing: Mapping[str, Any]
    scores: dict[str, Numbers]
    experts: ExpertScores
    protocol: Mapping[str, Any] = field(default_factory=dict)
    folds: FoldScores | None = None
    by_sources: dict[str, Numbers] = field(default_factory=dict)
    targets: dict[str, Numbers] = field(default_factory=dict)
    confusion: dict[str, Confusion] = field(default_factory=dict)
    slices: dict[str, dict[str, SliceScores]] = field(default_factory=dict)
    attributes: tuple[str, ...] = ATTRIBUTES

    @property
    def role(self) -> str:
        return str(self.protocol.get("role", "held out"))

    def json(self) -> dict[str, Any]:
        """The stable JSON shape; undefined numbers are null."""
        folds = self.folds and {"ccc": self.folds.ccc, "mean": self.folds.mean, "spread": self.folds.spread}
        slices = {
            by: {name: {"n": one.n, "ccc": one.ccc, "ci95": _listed(one.ci95)} for name, one in parts.items()}
            for by, parts in self.slices.items()
        }
        shaped = {
            "ccc": self.ccc,
            "ci95": _listed(self.ci95),
            "n": self.n,
            "missing": dict(self.missing),
            "scores": self.scores,
            "experts": {"share": self.experts.share, "ccc_loss_without": self.experts.ccc_loss_without},
            "by_sources": self.by_sources,
            "folds": folds,
            "protocol": dict(self.protocol),
            **({"targets": self.targets} if self.targets else {}),
            **({"confusion": self.confusion} if self.confusion else {}),
            **({"slices": slices} if slices else {}),
        }
        plain: dict[str, Any] = without_nan(shaped)
        return plain


def evaluate_predictions(
    predictions: Predictions,
    utterances: Sequence[Utterance],
    *,
    cluster_by: str = "speaker",
    missing: Mapping[str, Any] | None = None,
    protocol: Mapping[str, Any] | None = None,
    folds: Mapping[str, Sequence[str]] | None = None,
    by: Sequence[str] = (),
    peer: Predictions | None = None,
) -> Evaluation:
    """Scores `predictions` against the ratings of `utterances` (both on `predictions.scale`), pooled over all of them.

    Args:
        utterances: those of the split; one without prediction counts as missing, an unrated attribute is left out.
        cluster_by: what the interval leaves out one by one, "speaker" or "session".
        folds: fold -> ids that it tests; adds mean and spread of folds.
        by: what to slice by, of `slices.SLICES`.
        peer: what another system says of the same utterances, for `yardsticks`.
    Raises:
        InputError: no utterance has both a rating and a prediction; the peer lacks one that is scored.
        UnknownNameError: nothing can be sliced by such a name.

    >>> from msftk.types import RatingScale
    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
    >>> made = Predictions(("a", "b"), values, RatingScale(1, 7), ("one",), values[:, None] - 1, np.ones((2, 1, 3)))
    >>> rated = [Utterance(one, None, ratings=dict(zip(ATTRIBUTES, row))) for one, row in zip(made.ids, values)]
    >>> evaluate_predictions(made, rated).ccc
    {'valence': 1.0, 'arousal': 1.0, 'dominance': 1.0, 'mean': 1.0}
    """
    have = set(predictions.ids)
    predicted = [u for u in utterances if u.id in have]
    scored = [u for u in predicted if u.ratings]
    kept = predictions.of([u.id for u in scored])
    truth = ratings_of(scored)
    if not scored or np.isnan(truth + kept.values).all():
        raise InputError(
            f"none of {counted(len(utterances), 'utterance')} has both ratings and a prediction: nothing to score. "
            "Give a split with ratings, or use `msftk predict`."
        )
    ccc = ccc_by_attribute(kept.values, truth)
    clusters = clusters_of(scored, cluster_by)
    targets, confusion = score_others(predictions, predicted)
    unrated = {a: sum(a not in (u.ratings or {}) for u in predicted) for a in ATTRIBUTES}
    interval = {
        "method": METHOD,
        "over": clusters.by,
        "clusters": clusters.n,
        "effective": round(clusters.effective, 1),
        "unknown": list(clusters.unknown),
    }
    return Evaluation(
        ccc=ccc,
        ci95=ci95_by_attribute(kept.values, truth, clusters.labels),
        n=len(scored),
        missing={"utterances": len(utterances) - len(predicted), "ratings": unrated, **(missing or {})},
        scores={
            **_scores(kept.values, truth, scored),
            **yardsticks(ccc, truth, scored, peer),
            **coverage_of(kept, truth),
        },
        experts=score_experts(kept, truth),
        protocol={**(protocol or {}), "interval": interval},
        folds=fold_scores(predictions, scored, folds) if folds else None,
        by_sources={name: ccc_by_attribute(values, truth) for name, values in kept.by_sources.items()},
        targets=targets,
        confusion=confusion,
        slices={one: score_slices(kept.values, truth, clusters.labels, scored, one) for one in by},
        attributes=rated_attributes(kept.values, truth),
    )


def score_others(
    predictions: Predictions, utterances: Sequence[Utterance]
) -> tuple[dict[str, Numbers], dict[str, Confusion]]:
    """What every target beside the ratings says of itself: target -> name -> score, and `Target.confusion`.

    >>> from msftk.types import RatingScale
    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
    >>> made = Predictions(("a", "b"), values, RatingScale(1, 7), ("one",), values[:, None] - 1, np.ones((2, 1, 3)))
    >>> score_others(made, [Utterance("a", None)])  # this model predicts ratings alone
    ({}, {})
    """
    kept = predictions.of([utterance.id for utterance in utterances])
    scored, confusion = {}, {}
    for name, other in kept.others.items():
        target: Target = registry().create("target", name, other.options)
        truth = target.truth(utterances, other.columns)
        scored[name] = dict(target.scores(other.outputs, truth, other.columns))
        if counts := target.confusion(other.outputs, truth, other.columns):
            confusion[name] = {own: dict(said) for own, said in counts.items()}
    return scored, confusion


def fold_scores(
    predictions: Predictions, utterances: Sequence[Utterance], folds: Mapping[str, Sequence[str]]
) -> FoldScores:
    """CCC inside each fold, then mean and sample standard deviation over the folds where it is defined.

    >>> from msftk.types import RatingScale
    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
    >>> made = Predictions(("a", "b"), values, RatingScale(1, 7), ("one",), values[:, None] - 1, np.ones((2, 1, 3)))
    >>> rated = [Utterance(one, None, ratings=dict(zip(ATTRIBUTES, row))) for one, row in zip(made.ids, values)]
    >>> fold_scores(made, rated, {"fold1": ["a", "b"]}).mean["valence"]
    1.0
    """
    by_id = {u.id: u for u in utterances}
    each: dict[str, Numbers] = {}
    for name, ids in folds.items():
        part = predictions.of([one for one in ids if one in by_id])
        if len(part):
            each[name] = ccc_by_attribute(part.values, ratings_of([by_id[one] for one in part.ids]))
    columns = {key: np.array([numbers[key] for numbers in each.values()]) for key in (*ATTRIBUTES, "mean")}
    defined = {key: column[~np.isnan(column)] for key, column in columns.items()}
    return FoldScores(
        each,
        {key: float(column.mean()) if len(column) else math.nan for key, column in defined.items()},
        {key: float(column.std(ddof=1)) if len(column) > 1 else math.nan for key, column in defined.items()},
    )


def _listed(ci95: Mapping[str, tuple[float, float]]) -> dict[str, list[float]]:
    return {name: list(bounds) for name, bounds in ci95.items()}


def _scores(values: Float64, truth: Float64, utterances: Sequence[Utterance]) -> dict[str, Numbers]:
    columns = list(enumerate(ATTRIBUTES))
    by = {name: {a: score(values[:, c], truth[:, c]) for c, a in columns} for name, score in SCORES.items()}
    categories = [u.category for u in utterances]
    by["ccc_within_category"] = {a: ccc_within_category(values[:, c], truth[:, c], categories) for c, a in columns}
    return by
