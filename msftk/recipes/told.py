"""What a reader must know beside predictions, as counts that add up over the parts of a job."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from msftk.evaluation.predictions import Predictions
from msftk.files import without_nan
from msftk.recipes.published_notes import MayBePublished, published_notes, shorter
from msftk.recipes.wording import flat_notes, longer_note, trouble
from msftk.types import ATTRIBUTES, RatingScale

IN_WINDOWS = "heard in windows of {:g} s, and predicted by their mean (over time: --window)"


@dataclass
class Told:
    """Counts over recordings.

    `absent`: source -> reason -> how many lacked it. `longer`: than what is heard at once. `shorter`: published model
    -> than any that it heard in training. `troubles`: message -> the first who has it, and how many do. `n`, `total`,
    `squares`: of predictions by attribute, for their spread.
    """

    absent: dict[str, dict[str, int]] = field(default_factory=dict)
    longer: int = 0
    shorter: dict[str, int] = field(default_factory=dict)
    troubles: dict[str, tuple[str, int]] = field(default_factory=dict)
    n: int = 0
    total: list[float] = field(default_factory=lambda: [0.0] * len(ATTRIBUTES))
    squares: list[float] = field(default_factory=lambda: [0.0] * len(ATTRIBUTES))

    @classmethod
    def of(
        cls,
        said: Predictions,
        absent: Mapping[str, Mapping[str, int]],
        lengths_s: Sequence[float],
        longest_s: float,
        troubles: Iterable[tuple[str, str]],
        models: Iterable[MayBePublished],
    ) -> Told:
        """Of predictions, and of recordings of these lengths in s; `troubles`: who has them, and the message."""
        told = cls({source: dict(own) for source, own in absent.items()}, sum(s > longest_s for s in lengths_s))
        told.shorter = shorter(models, lengths_s)
        for name, message in troubles:
            told._trouble(message, name, 1)
        told.n = len(said)
        told.total, told.squares = said.values.sum(axis=0).tolist(), (said.values**2).sum(axis=0).tolist()
        return told

    def add(self, other: Told) -> None:
        """What holds for another part of the recordings."""
        for source, reasons in other.absent.items():
            own = self.absent.setdefault(source, {})
            for reason, n in reasons.items():
                own[reason] = own.get(reason, 0) + n
        self.longer += other.longer
        for name, n in other.shorter.items():
            self.shorter[name] = self.shorter.get(name, 0) + n
        for message, (first, n) in other.troubles.items():
            self._trouble(message, first, n)
        self.n += other.n
        self.total = [a + b for a, b in zip(self.total, other.total, strict=True)]
        self.squares = [a + b for a, b in zip(self.squares, other.squares, strict=True)]

    def _trouble(self, message: str, first: str, n: int) -> None:
        known, before = self.troubles.get(message, (first, 0))
        self.troubles[message] = known, before + n

    def notes(self, models: Sequence[MayBePublished], scale: RatingScale, longest_s: float) -> tuple[str, ...]:
        """In words, each said once with how many recordings it holds for."""
        trained = not all(model.published for model in models)
        return (
            *longer_note(self.longer, longest_s, IN_WINDOWS.format(longest_s)),
            *(trouble(message, first, n) for message, (first, n) in self.troubles.items()),
            *published_notes(models, self.shorter),
            *(flat_notes(self.n, self._spreads(), scale) if trained else ()),
        )

    def _spreads(self) -> list[float]:
        """Standard deviation of the predictions by attribute, NaN where none is predicted."""
        n, pairs = max(self.n, 1), zip(self.total, self.squares, strict=True)
        return [math.sqrt(max(square / n - (total / n) ** 2, 0.0)) for total, square in pairs]

    def json(self) -> dict[str, Any]:
        plain: dict[str, Any] = without_nan(asdict(self))
        return plain

    @classmethod
    def of_json(cls, plain: Mapping[str, Any]) -> Told:
        told = cls(**plain)
        told.total, told.squares = (
            [math.nan if one is None else one for one in own] for own in (told.total, told.squares)
        )
        return told
