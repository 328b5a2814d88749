"""Valence, arousal and dominance as each person rated them, for losses that learn from how people differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import ClassVar

import numpy as np

from msftk.errors import InputError
from msftk.interfaces import Answers
from msftk.store.columns import values_of
from msftk.types import Float64, Utterance
from msftk_plugins.targets.vad import Vad


class Raters(Vad):
    """Every person's rating of the three attributes, on the corpus' scale; scores are against their mean, as of `vad`.

    An utterance that has a mean and no single ratings is learned from its mean. The loss must read raters
    (`evidential` does).
    """

    answer: ClassVar[Answers] = "rater-level"

    def columns(self, utterances: Sequence[Utterance]) -> tuple[str, ...]:
        """Raises InputError where the corpus has no ratings of single people."""
        if not any(values_of(utterances, "rater_ratings")):
            raise InputError(
                "target 'raters': the corpus has no ratings of single people (rater_ratings of its manifest). "
                'Use targets = ["vad"], which learns from mean ratings.'
            )
        found: tuple[str, ...] = super().columns(utterances)
        return found

    def truth(self, utterances: Sequence[Utterance], columns: Sequence[str]) -> Float64:
        """[utterance, column, rater]: NaN where that many people did not rate it."""
        means = super().truth(utterances, columns)
        rows = []
        for mean, people in zip(means, values_of(utterances, "rater_ratings"), strict=True):
            each = [[one.ratings[c] for one in people or () if c in one.ratings] for c in columns]
            rows.append([own or [value] for own, value in zip(each, mean.tolist(), strict=True)])
        n_raters = max((len(own) for row in rows for own in row), default=1)
        filled = [list(zip_longest(*row, fillvalue=np.nan)) for row in rows]  # [rater, column]
        truth = np.full((len(rows), len(columns), n_raters), np.nan)
        for place, row in enumerate(filled):
            truth[place, :, : len(row)] = np.transpose(row)
        return truth
