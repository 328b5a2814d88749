"""Targets beside the ratings that are a class: the emotion category, the speaker's gender."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from msftk.errors import InputError
from msftk.interfaces import Answers, Chosen, Target
from msftk.store.columns import refuse_unknown, values_of
from msftk.types import Float64, RaterRating, Utterance

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
        if "leave_out" in self.options.model_fields_set:
            refuse_unknown(self.options.leave_out, utterances, self.column, f"targets.{self.column}.leave_out")

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
        """The class, and COLUMN_p_CLASS: how probable each is to the model."""
        logits = _known(outputs["value"])
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        named = {f"{self.column}_p_{one}": shares[:, place].tolist() for place, one in enumerate(columns)}
        return {self.column: [columns[place] for place in logits.argmax(axis=1)], **named}

    def scores(self, outputs: Mapping[str, Float64], truth: Float64, columns: Sequence[str]) -> Mapping[str, float]:
        """`uar`, the mean recall, and `macro_f1`, over the classes that the split has; `accuracy` over utterances."""
        summed = self.sums(outputs, truth, columns).sum(axis=0)
        return {name: float(score) for name, score in self.scores_of(summed).items()}

    def sums(self, outputs: Mapping[str, Float64], truth: Float64, columns: Sequence[str]) -> Float64:
        """One 1 of [own class * said class], none for who has no class."""
        n, n_classes = truth.shape
        has_class = np.flatnonzero(~np.isnan(truth).any(axis=1))
        said = _known(outputs["value"][has_class]).argmax(axis=1)
        counts = np.zeros((n, n_classes * n_classes))
        counts[has_class, truth[has_class].argmax(axis=1) * n_classes + said] = 1
        return counts

    def scores_of(self, sums: Float64) -> Mapping[str, Float64]:
        counts = _square(sums)
        own, hits = counts.sum(axis=-1), np.diagonal(counts, axis1=-2, axis2=-1)
        n_there, n = (own > 0).sum(axis=-1), own.sum(axis=-1)
        recall = hits / np.maximum(own, 1)  # 0 for a class that nobody is of
        f1 = 2 * hits / np.maximum(own + counts.sum(axis=-2), 1)
        with np.errstate(invalid="ignore"):  # nobody of any class: NaN
            return {
                "uar": recall.sum(axis=-1) / n_there,
                "macro_f1": f1.sum(axis=-1) / n_there,
                "accuracy": hits.sum(axis=-1) / n,
            }

    def confusion(
        self, outputs: Mapping[str, Float64], truth: Float64, columns: Sequence[str]
    ) -> Mapping[str, Mapping[str, int]]:
        counts = _square(self.sums(outputs, truth, columns).sum(axis=0)).astype(int).tolist()
        return {own: dict(zip(columns, row, strict=True)) for own, row in zip(columns, counts, strict=True)}


class Category(ClassTarget):
    """Which emotion the corpus names; O (another one) and X (no agreement) are left out if nothing else is said.

    With `labels` "raters" training learns how many of an utterance's raters named each class, as the challenges' best
    classifiers do (soft labels; cross-entropy and KL divergence then have the same gradient): what nobody agreed on
    teaches too. Where no rater named a class, the agreed one is learned. Scores are against the agreed class.
    """

    class Options(ClassTarget.Options):
        leave_out: tuple[str, ...] = Field(("O", "X", "other"), description=LEAVE_OUT)
        labels: Literal["agreed", "raters"] = Field("agreed", description="one class, or the share of raters of each")

    column: ClassVar[str] = "category"
    options: Options

    def check(self, utterances: Sequence[Utterance]) -> None:
        """Raises UnknownNameError as the base, InputError for a corpus whose raters name no class."""
        super().check(utterances)
        if self.options.labels == "raters" and not any(map(_named, values_of(utterances, "rater_ratings"))):
            raise InputError(
                "targets.category.labels = 'raters': no rater of the corpus names a class. Prepare it with theirs "
                "(labels.txt of MSP-Podcast, EmoEvaluation of IEMOCAP, a column category in ratings.csv), or leave "
                "labels out."
            )

    def taught(self, utterances: Sequence[Utterance], columns: Sequence[str]) -> Float64:
        truth = self.truth(utterances, columns)
        if self.options.labels == "raters":
            for row, people in enumerate(values_of(utterances, "rater_ratings")):
                named = [columns.index(one) for one in _named(people) if one in columns]
                if named:
                    truth[row] = np.bincount(named, minlength=len(columns)) / len(named)
        return truth


class Gender(ClassTarget):
    """The speaker's gender, as the corpus names it."""

    column: ClassVar[str] = "gender"


def _named(people: Sequence[RaterRating] | None) -> list[str]:
    """The class of each rater who named one."""
    return [one.category for one in people or () if one.category is not None]


def _known(logits: Float64) -> Float64:
    """A class that a model does not know (NaN) is never the one."""
    return np.where(np.isnan(logits), -np.inf, logits)


def _square(sums: Float64) -> Float64:
    """[..., own class * said class] -> [..., own class, said class]."""
    n_classes = math.isqrt(sums.shape[-1])
    return sums.reshape(*sums.shape[:-1], n_classes, n_classes)
