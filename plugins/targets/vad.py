"""Valence, arousal and dominance: the mean rating of an utterance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from msftk.interfaces import Answers, Target
from msftk.store.columns import given, values_of
from msftk.types import ATTRIBUTES, Float64, Utterance


class Vad(Target):
    """Those of the three attributes that are rated, on the corpus' scale; head and loss are those of the run."""

    Options: ClassVar[type[Target.Options]] = Target.Options

    answer: ClassVar[Answers] = "regression"

    def __init__(self, options: Target.Options) -> None:
        self.options = options

    def columns(self, utterances: Sequence[Utterance]) -> tuple[str, ...]:
        return tuple(name for name in ATTRIBUTES if given(utterances, name).any())

    def read(self, utterance: Utterance, columns: Sequence[str]) -> Sequence[float]:
        """The utterance's ratings, NaN for an attribute that nobody rated."""
        return [(utterance.ratings or {}).get(column, math.nan) for column in columns]

    def truth(self, utterances: Sequence[Utterance], columns: Sequence[str]) -> Float64:
        """What is `read` of each [utterance, column], out of whole columns."""
        values = [np.array(values_of(utterances, column), np.float64) for column in columns]
        return np.stack(values, axis=1) if values else np.zeros((len(utterances), 0))
