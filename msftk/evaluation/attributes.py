"""CCC and its interval by attribute, and the mean over the attributes that are rated."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from msftk.evaluation.ccc import ccc
from msftk.evaluation.intervals import ccc_intervals
from msftk.types import ATTRIBUTES, Float64

Numbers = dict[str, float]


def ccc_by_attribute(values: Float64, truth: Float64) -> Numbers:
    """CCC of each attribute and the plain mean over those rated: values, truth [n, attribute]; NaN where undefined.

    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]])
    >>> ccc_by_attribute(values, values)
    {'valence': 1.0, 'arousal': 1.0, 'dominance': 1.0, 'mean': 1.0}
    """
    by = {a: ccc(values[:, column], truth[:, column]) for column, a in enumerate(ATTRIBUTES)}
    means = [by[a] for a in rated_attributes(values, truth)]
    return {**by, "mean": float(np.mean(means)) if means else math.nan}


def ci95_by_attribute(values: Float64, truth: Float64, labels: Sequence[str]) -> dict[str, tuple[float, float]]:
    """The intervals of `ccc_by_attribute` over clusters, whose labels are [n].

    >>> values = np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0], [1.0, 2.0, 5.0], [2.0, 3.0, 4.0]])
    >>> ci95_by_attribute(values, values, ["s1", "s1", "s2", "s2"])["mean"]
    (1.0, 1.0)
    """
    return dict(zip((*ATTRIBUTES, "mean"), ccc_intervals(values, truth, labels), strict=True))


def rated_attributes(values: Float64, truth: Float64) -> tuple[str, ...]:
    """Attributes of which at least one of [n, attribute] is both predicted and rated: what scores are about.

    >>> rated_attributes(np.array([[2.0, 3.0, 4.0]]), np.array([[2.0, np.nan, 4.0]]))
    ('valence', 'dominance')
    """
    return tuple(a for c, a in enumerate(ATTRIBUTES) if not np.isnan(values[:, c] + truth[:, c]).all())
