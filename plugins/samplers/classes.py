"""Samplers by a column of the manifest: each class as often as the rarest, or all classes alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from msftk.errors import InputError
from msftk.models.rows import Rows
from msftk.store.columns import refuse_unknown, values_of
from msftk.types import Utterance
from msftk_plugins.samplers.length_buckets import LengthBuckets


class ByClass(LengthBuckets):
    """Base of samplers that know the rows of each class; batches are length buckets of what they draw."""

    class Options(LengthBuckets.Options):
        column: Literal["category", "gender", "language", "speaker"] = Field("category", description="what a class is")
        leave_out: tuple[str, ...] = Field((), description="classes that no epoch hears, such as other")
        unlabelled: Literal["leave_out", "class"] = Field(
            "leave_out",
            description="those without a class, as without agreement: heard by no epoch, or as one more class",
        )

    options: Options

    def __init__(self, options: Options, utterances: Sequence[Utterance]) -> None:
        super().__init__(options, utterances)
        values = values_of(utterances, options.column)
        self.classes = _rows_of_classes(values, options.column, options.leave_out)
        unlabelled = np.flatnonzero([value is None for value in values])
        if options.unlabelled == "class" and len(unlabelled):
            self.classes = {**self.classes, "": unlabelled}
        if not self.classes:
            raise InputError(f"sampler.leave_out = {list(options.leave_out)} leaves no utterance. Leave out fewer.")

    def check(self, utterances: Sequence[Utterance]) -> None:
        refuse_unknown(self.options.leave_out, utterances, self.options.column, "sampler.leave_out")


class ClassUndersampling(ByClass):
    """At most `largest` times as many utterances of a class as the rarest has; others are drawn anew each epoch."""

    class Options(ByClass.Options):
        largest: float = Field(1.0, ge=1, allow_inf_nan=False, description="times the rarest class")

    options: Options

    def __init__(self, options: Options, utterances: Sequence[Utterance]) -> None:
        super().__init__(options, utterances)
        most = int(options.largest * min(map(len, self.classes.values())))
        self.counts = [min(len(rows), most) for rows in self.classes.values()]
        self.size = sum(self.counts)

    def rows(self, random: np.random.Generator) -> Rows:
        drawn = zip(self.classes.values(), self.counts, strict=True)
        return np.concatenate([random.choice(rows, n, replace=False) for rows, n in drawn])


class ClassBalanced(ByClass):
    """As many draws as there are utterances, shared alike by the classes: rare ones are heard several times.

    No utterance of a class is heard once more than another of it, plus one.
    """

    def __init__(self, options: ByClass.Options, utterances: Sequence[Utterance]) -> None:
        super().__init__(options, utterances)
        self.size = sum(map(len, self.classes.values()))

    def rows(self, random: np.random.Generator) -> Rows:
        each, left = divmod(self.size, len(self.classes))
        more = set(random.permutation(len(self.classes))[:left].tolist())  # whose turn it is, where it does not go up
        drawn = []
        for place, rows in enumerate(self.classes.values()):
            rounds, rest = divmod(each + (place in more), len(rows))
            drawn += [rows] * rounds + [random.choice(rows, rest, replace=False)]
        return np.concatenate(drawn)


def _rows_of_classes(values: Sequence[str | None], column: str, leave_out: Sequence[str]) -> Mapping[str, Rows]:
    """Class -> its rows, both in order; who has none is of no class and left out.

    Raises InputError where nobody has a class.
    """
    known = sorted({value for value in values if value is not None})
    if not known:
        raise InputError(
            f"sampler: no training utterance has a {column}. Use --set sampler.name=length-buckets, or prepare the "
            f"corpus with its {column} column."
        )
    kept = [name for name in known if name not in leave_out]
    column_values = np.array(values, object)
    return {name: np.flatnonzero(column_values == name) for name in kept}
