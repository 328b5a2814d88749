"""Targets beside the ratings that are a class: the emotion category, the speaker's gender."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from msftk.errors import InputError
from msftk.interfaces import Answers, Target
from msftk.interfaces import Options as BaseOptions
from msftk.store.columns import values_of
from msftk.types import Float64, Utterance


class ClassTarget(Target):
    """Base: a logit for each class that a column of the training utterances has; scored by UAR and macro-F1.

    An utterance of no class, or of one that training did not have, teaches its ratings alone.
    """

    class Options(BaseOptions):
        """No options."""

    answer: ClassVar[Answers] = "classes"
    head: ClassVar[str] = "classes"
    loss: ClassVar[str] = "cross-entropy"
    weight: ClassVar[float] = 0.5
    column: ClassVar[str]
    left_out: ClassVar[tuple[str, ...]] = ()

    def __init__(self, options: Options) -> None:
        self.options = options

    def columns(self, utterances: Sequence[Utterance]) -> tuple[str, ...]:
        """Raises InputError where there are no two classes to tell apart."""
        found = sorted(set(values_of(utterances, self.column)) - {None, *self.left_out})
        if len(found) < 2:
            raise InputError(
                f"targets: the training utterances have {', '.join(found) or 'none'} for a {self.column}, and a class "
                f"target needs two. Take it out of targets, or prepare the corpus with its {self.column} column."
            )
        return tuple(found)

    def read(self, utterance: Utterance, columns: Sequence[str]) -> Sequence[float]:
        own = getattr(utterance, self.column)
        return [float(column == own) for column in columns] if own in columns else [math.nan] * len(columns)

    def predicted(self, outputs: Mapping[str, Float64], columns: Sequence[str]) -> Mapping[str, Sequence[object]]:
        return {self.column: [columns[place] for place in outputs["value"].argmax(axis=1)]}

    def scores(self, outputs: Mapping[str, Float64], truth: Float64, columns: Sequence[str]) -> Mapping[str, float]:
        """`uar`, the mean recall, and `macro_f1`, over the classes that the split has; NaN where it has none."""
        known = ~np.isnan(truth).any(axis=1)
        said, own = outputs["value"][known].argmax(axis=1), truth[known].argmax(axis=1)
        recalls, f1s = [], []
        for place in np.unique(own):
            hits = np.sum((said == place) & (own == place))
            recalls.append(hits / np.sum(own == place))
            f1s.append(2 * hits / (np.sum(own == place) + np.sum(said == place)))
        if not recalls:
            return {"uar": math.nan, "macro_f1": math.nan}
        return {"uar": float(np.mean(recalls)), "macro_f1": float(np.mean(f1s))}


class CategoryAll(ClassTarget):
    """Which emotion the corpus names, every class that it has."""

    column: ClassVar[str] = "category"


class Category(CategoryAll):
    """Which emotion the corpus names; O (another one) and X (no agreement) are no classes, and teach ratings alone."""

    left_out: ClassVar[tuple[str, ...]] = ("O", "X", "other")


class Gender(ClassTarget):
    """The speaker's gender, as the corpus names it."""

    column: ClassVar[str] = "gender"
