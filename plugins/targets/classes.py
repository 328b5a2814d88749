"""Targets beside the ratings that are a class: the emotion category, the speaker's gender."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from msftk.errors import InputError, UnknownNameError, did_you_mean
from msftk.interfaces import Answers, Chosen, Target
from msftk.store.columns import values_of
from msftk.types import Float64, Utterance

LEAVE_OUT = "classes that are none to tell: their utterances teach the other targets alone"


class ClassTarget(Target):
    """Base: a logit for each class that a column of the training utterances has; scored by UAR and macro-F1.

    An utterance of no class, or of one that training did not have, teaches its ratings alone.
    """

    class Options(Target.Options):
        weight: float = Field(0.5, ge=0, allow_inf_nan=False, description="of its loss in the sum of all")
        head: Chosen = Field("classes", validate_default=True, description="its own head")
        loss: Chosen = Field("cross-entropy", validate_default=True, description="its own loss")
        leave_out: tuple[str, ...] = Field((), description=LEAVE_OUT)

    answer: ClassVar[Answers] = "classes"
    column: ClassVar[str]

    def __init__(self, options: Options) -> None:
        self.options = options

    def check(self, utterances: Sequence[Utterance]) -> None:
        """Raises UnknownNameError for a class to leave out that nobody is of; the default may name more."""
        known = sorted(set(values_of(utterances, self.column)) - {None})
        for name in self.options.leave_out if "leave_out" in self.options.model_fields_set else ():
            if name not in known:
                raise UnknownNameError(
                    f"leave_out: no utterance has {self.column} '{name}'. {did_you_mean(name, known)}"
                    f"Found: {', '.join(known) or 'none'}."
                )

    def columns(self, utterances: Sequence[Utterance]) -> tuple[str, ...]:
        """Raises InputError where there are no two classes to tell apart."""
        found = sorted(set(values_of(utterances, self.column)) - {None, *self.options.leave_out})
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


class Category(ClassTarget):
    """Which emotion the corpus names; O (another one) and X (no agreement) are left out if nothing else is said."""

    class Options(ClassTarget.Options):
        leave_out: tuple[str, ...] = Field(("O", "X", "other"), description=LEAVE_OUT)

    column: ClassVar[str] = "category"


class Gender(ClassTarget):
    """The speaker's gender, as the corpus names it."""

    column: ClassVar[str] = "gender"
