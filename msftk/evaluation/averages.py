"""Means of predictions: over the models of a run of folds or of several runs, and over the windows of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from msftk.evaluation.predictions import Predictions, pooled
from msftk.types import Float64


def mean_of_rows(predictions: Predictions, names: Sequence[str], weights: Sequence[float] | None = None) -> Predictions:
    """One row a name, in order of first appearance: the mean of the rows of that name. A single row stays as it is.

    Args:
        names, weights: one a row; weights above 0, None: all alike.

    >>> from msftk.types import RatingScale
    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
    >>> made = Predictions(("a", "b"), values, RatingScale(1, 7), ("one",), values[:, None] - 1, np.ones((2, 1, 3)))
    >>> mean_of_rows(made, ["both", "both"], [1, 1]).values.tolist()
    [[3.5, 4.5, 5.5]]
    """
    place = {name: row for row, name in enumerate(dict.fromkeys(names))}
    rows = np.array([place[name] for name in names], dtype=int)
    weight = np.ones(len(rows)) if weights is None else np.asarray(weights, np.float64)
    share = weight / np.bincount(rows, weight, len(place))[rows]

    def mean(values: Float64) -> Float64:
        whole = np.zeros((len(place), *values.shape[1:]))
        np.add.at(whole, rows, values * share.reshape(-1, *(1,) * (values.ndim - 1)))
        return whole

    def mean_of_known(values: Float64) -> Float64:
        """Models may know other attributes or classes (folds): of each the mean of those that know it."""
        known = ~np.isnan(values)
        if known.all():
            return mean(values)
        with np.errstate(invalid="ignore"):
            return mean(np.where(known, values, 0.0)) / mean(known.astype(np.float64))

    return replace(
        predictions,
        ids=tuple(place),
        values=mean_of_known(predictions.values),
        contributions=mean_of_known(predictions.contributions),
        routing=mean(predictions.routing),
        extra={name: mean(values) for name, values in predictions.extra.items()},
        by_sources={name: mean(values) for name, values in predictions.by_sources.items()},
        gates={name: mean(values) for name, values in predictions.gates.items()},
        others={
            target: replace(other, outputs={name: mean_of_known(values) for name, values in other.outputs.items()})
            for target, other in predictions.others.items()
        },
    )


def mean_of_models(parts: Sequence[Predictions]) -> Predictions:
    """The mean of several models' predictions, on the scale of the first; of each attribute, of those that predict it.

    Of different experts none is told apart: then all of the value is the part of one expert, "mean". What only some
    models predict (outputs of a head, other targets, subsets of sources) is left out.

    >>> from msftk.types import RatingScale
    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
    >>> made = Predictions(("a", "b"), values, RatingScale(1, 7), ("one",), values[:, None] - 1, np.ones((2, 1, 3)))
    >>> mean_of_models([made, replace(made.of(["b"]), values=values[:1])]).values.tolist()
    [[3.5, 4.5, 5.5]]
    """
    if len(parts) == 1:
        return parts[0]
    known = set.intersection(*(set(part.ids) for part in parts))
    ids = [one for one in parts[0].ids if one in known]
    alike = [_shared(part.on(parts[0].scale).of(ids), parts) for part in parts]
    return mean_of_rows(replace(pooled(alike), clipped=all(part.clipped for part in parts)), ids * len(parts))


def _shared(part: Predictions, parts: Sequence[Predictions]) -> Predictions:
    """What every one of `parts` has."""
    if len({one.expert_names for one in parts}) > 1:
        whole = (part.values - part.scale.low)[:, None]
        part = replace(part, expert_names=("mean",), contributions=whole, routing=np.ones_like(whole))
    return replace(
        part,
        extra={name: values for name, values in part.extra.items() if all(name in one.extra for one in parts)},
        by_sources={n: values for n, values in part.by_sources.items() if all(n in one.by_sources for one in parts)},
        others={name: other for name, other in part.others.items() if all(name in one.others for one in parts)},
        gates={name: values for name, values in part.gates.items() if all(name in one.gates for one in parts)},
    )
