"""Ratings of single people out of an Arrow table: five or more an utterance, made when somebody looks at them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from msftk.types import ATTRIBUTES, Float64, RaterRating

if TYPE_CHECKING:
    import pyarrow


class Everyone:
    """What all raters of some utterances said: `raters` [n], `ratings` [n, attribute] on the corpus scale, NaN where
    left blank, `categories` [n]."""

    def __init__(self, raters: list[str], ratings: Float64, categories: list[str | None]) -> None:
        self.raters = raters
        self.ratings = ratings
        self.categories = categories

    def between(self, first: int, end: int) -> tuple[RaterRating, ...]:
        """Those of one utterance: who left all blank stands there with no ratings."""
        columns = self.raters[first:end], self.ratings[first:end].tolist(), self.categories[first:end]
        return tuple(RaterRating(rater, _present(row), category) for rater, row, category in zip(*columns, strict=True))


class RaterRatings(Sequence[RaterRating]):
    """Those of one utterance, as a tuple that is made whenever it is asked for."""

    __slots__ = ("_end", "_everyone", "_first")

    def __init__(self, everyone: Everyone, first: int, end: int) -> None:
        self._everyone, self._first, self._end = everyone, first, end

    def __len__(self) -> int:
        return self._end - self._first

    def __iter__(self) -> Iterator[RaterRating]:
        return iter(self._everyone.between(self._first, self._end))

    @overload
    def __getitem__(self, place: int) -> RaterRating: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[RaterRating, ...]: ...
    def __getitem__(self, place: int | slice) -> RaterRating | tuple[RaterRating, ...]:
        return tuple(self)[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (RaterRatings, tuple)) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (list(self),)  # who goes to another process goes without the others


def rater_ratings(column: pyarrow.Array) -> list[RaterRatings | None]:
    """One an utterance, of a column of lists; None where it has none."""
    import pyarrow.compute as pc

    raters, *ratings, categories = column.flatten().flatten()
    numbers = [one.to_numpy(zero_copy_only=False) for one in ratings]  # null is NaN
    everyone = Everyone(equal_are_one(raters), np.stack(numbers, axis=1), equal_are_one(categories))
    made: list[RaterRatings | None] = []
    end = 0
    for n in pc.list_value_length(column).to_pylist():
        first, end = end, end + (n or 0)
        made.append(None if n is None else RaterRatings(everyone, first, end))
    return made


def _present(row: Sequence[float]) -> dict[str, float]:
    return {name: value for name, value in zip(ATTRIBUTES, row, strict=True) if not math.isnan(value)}


def equal_are_one(texts: pyarrow.Array, make: Callable[[str], Any] | None = None) -> list[Any]:
    """Texts, or what `make` makes of each, None where there is none; equal ones are one object."""
    encoded = texts.dictionary_encode()
    different = encoded.dictionary.to_numpy(zero_copy_only=False).tolist()
    made = [*(map(make, different) if make else different), None]
    return [made[place] for place in encoded.indices.fill_null(len(different)).to_numpy().tolist()]
