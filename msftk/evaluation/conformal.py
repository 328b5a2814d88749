"""Intervals that hold a rating as often as was asked, for speakers who were never heard: split conformal by group."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from msftk.counting import counted
from msftk.errors import InputError
from msftk.evaluation.predictions import Predictions
from msftk.evaluation.scores import ratings_of
from msftk.store.columns import ids_of
from msftk.types import ATTRIBUTES, Float64, RatingScale, Utterance

FEWEST = 4  # speakers: of two or three, one who is easily predicted makes any bound look wide enough
ROUNDING = 1e-9  # of sums of weights
LOW, HIGH = "low", "high"  # what predictions then have beside the value


@dataclass(frozen=True)
class Conformal:
    """Half widths by attribute, on `scale` or, where the model tells a `spread`, in multiples of it.

    `spread`: the outputs of the head that are deviations; their squares add up. `n` utterances of `speakers` said it.
    """

    coverage: float
    half_widths: Mapping[str, float]
    scale: RatingScale
    spread: tuple[str, ...]
    speakers: int
    n: int

    def of(self, predictions: Predictions) -> Predictions:
        """The predictions with `low` and `high` beside them [n, attribute], cut to the rating scale."""
        low, high = predictions.scale.low, predictions.scale.high
        ratio = 1.0 if self.spread else (high - low) / (self.scale.high - self.scale.low)
        half = np.array([self.half_widths.get(a, np.nan) for a in ATTRIBUTES]) * ratio
        half = half * spread_of(predictions, self.spread)
        bounds = {LOW: predictions.values - half, HIGH: predictions.values + half}
        cut = {name: np.clip(values, low, high) for name, values in bounds.items()}
        return replace(predictions, extra={**predictions.extra, **cut})

    def json(self) -> dict[str, object]:
        unit = "spread of the prediction" if self.spread else f"points of {self.scale}"
        return {
            "coverage": self.coverage,
            "half_widths": dict(self.half_widths),
            "unit": unit,
            "speakers": self.speakers,
            "n": self.n,
        }


def calibrate(
    predictions: Predictions,
    utterances: Sequence[Utterance],
    labels: Sequence[str],
    coverage: float,
    spread: Sequence[str] = (),
) -> Conformal:
    """How far ratings lie from predictions that did not learn from them.

    Args:
        predictions: of a split that did not train, each with a rating; labels: the speaker of each.
        coverage: how often the interval is to hold the rating of an utterance of a new speaker, on average over them.
        spread: see `Conformal`.
    Raises:
        InputError: coverage is not between 0 and 1, or so few speakers cannot promise it.

    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 6.5], [4.0, 4.0, 4.0], [3.0, 2.0, 5.0]])
    >>> parts, names = values[:, None] - 1, ("a", "b", "c", "d")
    >>> made = Predictions(names, values, RatingScale(1, 7), ("one",), parts, np.ones_like(parts))
    >>> rated = [Utterance(one, None, ratings=dict(zip(ATTRIBUTES, row + 0.5))) for one, row in zip(made.ids, values)]
    >>> bounds = calibrate(made, rated, ["s1", "s2", "s3", "s4"], 0.5)
    >>> bounds.half_widths["valence"], bounds.of(made).extra["high"][1].tolist()
    (0.5, [5.5, 6.5, 7.0])
    """
    if not 0 < coverage < 1:
        raise InputError(f"--interval {coverage:g}: how often a rating is to lie inside. Give e.g. 0.9.")
    everyone = dict(zip(ids_of(utterances), zip(utterances, labels, strict=True), strict=True))
    rated = [everyone[one] for one in predictions.ids if one in everyone and everyone[one][0].ratings]
    kept = predictions.of([one.id for one, _ in rated])
    far = np.abs(ratings_of([one for one, _ in rated]) - kept.values) / spread_of(kept, spread)
    groups = np.array([label for _, label in rated])
    known = [c for c in range(len(ATTRIBUTES)) if len(far) and not np.isnan(far[:, c]).all()]
    widths = {ATTRIBUTES[c]: group_quantile(far[:, c], groups, coverage) for c in known}
    n_speakers = len(set(groups.tolist()))
    if n_speakers < FEWEST or not widths or any(map(math.isinf, widths.values())):
        raise InputError(
            f"--interval {coverage:g}: {counted(n_speakers, 'speaker')} of dev with ratings cannot tell how far so "
            f"rare a rating lies. Take more into dev: {FEWEST} can tell 0.8, a dozen 0.9."
        )
    return Conformal(coverage, widths, predictions.scale, tuple(spread), n_speakers, len(rated))


def group_quantile(scores: Float64, groups: Sequence[str] | np.ndarray, coverage: float) -> float:
    """The score that holds for an utterance of a new group with probability `coverage`; inf where no score would.

    Each group weighs the same (pooled distributions of groups; Dunn, Wasserman and Ramdas 2022). Which quantile to take
    is found by leaving each group out: the lowest at which the others' quantile holds that share of the group left out,
    on average over groups. NaN scores are left out.

    >>> group_quantile(np.arange(1.0, 10.0), list("abcdefghi"), 0.8), group_quantile(np.ones(2), ["a", "b"], 0.8)
    (9.0, 1.0)
    """
    known = ~np.isnan(scores)
    scores, (_, group) = scores[known], np.unique(np.asarray(groups)[known], return_inverse=True)
    order = np.argsort(scores, kind="stable")
    scores, group = scores[order], group[order]
    sizes = np.bincount(group)
    below, held, steps = [], [], []
    for one in range(len(sizes) if len(sizes) > 1 else 0):
        own = group == one
        others, reached = scores[~own], np.cumsum(1 / sizes[group[~own]]) / (len(sizes) - 1)
        place = np.searchsorted(others, scores[own])  # of the lowest other score that holds it
        below.append(np.append(0.0, reached)[place])  # it is held at every level above
        steps.append(reached)
        held.append(np.full(sizes[one], 1 / (sizes[one] * len(sizes))))
    if not below:
        return math.inf
    bounds = np.concatenate(below)
    rank = np.argsort(bounds, kind="stable")
    share = np.cumsum(np.concatenate(held)[rank])
    bound = bounds[rank][np.searchsorted(share, coverage - ROUNDING)]
    above = np.concatenate(steps)
    level = above[above > bound + ROUNDING].min(initial=math.inf)
    reached = np.cumsum(1 / sizes[group]) / len(sizes)
    place = int(np.searchsorted(reached, level - ROUNDING))
    return float(scores[place]) if place < len(scores) else math.inf


def spread_of(predictions: Predictions, names: Sequence[str]) -> Float64:
    """The deviations `names` of each prediction [n, attribute]: the root of their sum of squares; 1 without names.

    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 6.5], [4.0, 4.0, 4.0], [3.0, 2.0, 5.0]])
    >>> parts, names = values[:, None] - 1, ("a", "b", "c", "d")
    >>> made = Predictions(names, values, RatingScale(1, 7), ("one",), parts, np.ones_like(parts))
    >>> spread_of(made, [])[0].tolist()
    [1.0, 1.0, 1.0]
    """
    squares = [predictions.extra[name] ** 2 for name in names]
    return np.sqrt(np.sum(squares, axis=0)) if squares else np.ones_like(predictions.values)


def coverage_of(predictions: Predictions, truth: Float64) -> dict[str, dict[str, float]]:
    """How often intervals hold the ratings [n, attribute], and how wide they are; nothing without intervals.

    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 6.5], [4.0, 4.0, 4.0], [3.0, 2.0, 5.0]])
    >>> parts, names = values[:, None] - 1, ("a", "b", "c", "d")
    >>> made = Predictions(names, values, RatingScale(1, 7), ("one",), parts, np.ones_like(parts))
    >>> held = replace(made, extra={"low": values - 1, "high": values + 1})
    >>> coverage_of(held, values + np.array([[0.5], [2.0], [0.0], [0.0]]))["interval_width"]["valence"]
    2.0
    """
    if not {LOW, HIGH} <= set(predictions.extra):
        return {}
    low, high = predictions.extra[LOW], predictions.extra[HIGH]
    inside = np.where(np.isnan(truth + low), np.nan, (truth >= low) & (truth <= high))
    measured = {"covered": inside, "interval_width": np.where(np.isnan(truth), np.nan, high - low)}
    return {name: {a: _mean(own[:, c]) for c, a in enumerate(ATTRIBUTES)} for name, own in measured.items()}


def _mean(values: Float64) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan
