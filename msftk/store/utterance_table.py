"""Utterances as rows of an Arrow table: a corpus of any size, of which only what is looked at becomes an object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from msftk.store.raters import equal_are_one, rater_ratings
from msftk.types import ATTRIBUTES, AudioStamp, Utterance

if TYPE_CHECKING:
    import pyarrow

Rows = NDArray[np.int32]

_PLAIN = (
    *("id", "start_s", "end_s", "speaker", "gender", "language", "transcript", "split", "session", "category"),
    *("duration_s", "audio_sha256", "channel", "transcript_by"),
)
_MADE = {"audio": Path, "alignment": Path}  # what their texts stand for
_BATCH = 4096  # rows that become objects together


class UtteranceTable(Sequence[Utterance]):
    """The utterances of a table with `columns.schema()`, or some of its rows, each made when it is asked for.

    A slice is a tuple; `part` is a table again, which holds row numbers and shares all else.
    """

    def __init__(self, table: pyarrow.Table, rows: Rows | None = None, ids: list[str] | None = None) -> None:
        # rows are taken out of one piece 30 times as fast as out of two
        self._whole = _equal_once(table.combine_chunks()) if rows is None else table
        self._rows = rows
        self._ids: list[str] = [] if ids is None else ids  # of the whole, made when first asked for: many keep them

    @property
    def table(self) -> pyarrow.Table:
        """Its rows as a table of their own."""
        return _texts_again(self._whole if self._rows is None else self._whole.take(self._rows))

    @property
    def rows(self) -> Rows:
        """Where they stand in the table that all parts share."""
        return np.arange(self._whole.num_rows, dtype=np.int32) if self._rows is None else self._rows

    def __len__(self) -> int:
        return self._whole.num_rows if self._rows is None else len(self._rows)

    def __iter__(self) -> Iterator[Utterance]:
        for first in range(0, len(self), _BATCH):
            yield from _utterances(self._some(first, _BATCH))

    @overload
    def __getitem__(self, place: int) -> Utterance: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Utterance, ...]: ...
    def __getitem__(self, place: int | slice) -> Utterance | tuple[Utterance, ...]:
        if isinstance(place, slice):
            return self.take(range(*place.indices(len(self))))
        row = range(len(self))[place]  # as any sequence: negative from the end, IndexError outside
        return next(_utterances(self._some(row, 1)))

    def take(self, places: Sequence[int]) -> tuple[Utterance, ...]:
        """Those of some places, in their order, at once."""
        return tuple(self.part(np.array(places, np.int32)))

    def part(self, places: NDArray[np.integer[Any]]) -> UtteranceTable:
        """Those of some places, in their order."""
        return self.of_rows(self.rows[places])

    def of_rows(self, rows: Rows) -> UtteranceTable:
        """Some rows of the table that all parts share."""
        return UtteranceTable(self._whole, rows, self._ids)

    def shares(self, other: object) -> bool:
        """Whether both are parts of one table."""
        return isinstance(other, UtteranceTable) and other._whole is self._whole

    def with_column(self, name: str, values: Sequence[Any]) -> UtteranceTable:
        """The same utterances with other values [n] of one column; all others are shared."""
        import pyarrow as pa

        place = self._whole.column_names.index(name)
        everyone: NDArray[Any] = np.full(self._whole.num_rows, None, object)
        everyone[self.rows] = values
        field = self._whole.schema.field(name)
        changed = self._whole.set_column(place, field, pa.array(everyone, field.type))
        return UtteranceTable(changed, self._rows, None if name == "id" else self._ids)

    def values(self, name: str) -> list[Any]:
        """Those of one column, None where there is none; equal texts are one object."""
        if name == "id":
            self._ids[:] = self._ids or _values(self._whole["id"].combine_chunks())
            return self._ids[:] if self._rows is None else [self._ids[row] for row in self._rows.tolist()]
        column = self._whole.select([name])
        column = _texts_again(column if self._rows is None else column.take(self._rows))
        return _values(column[name].combine_chunks(), _MADE.get(name))

    def rows_of(self, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Several columns row by row."""
        whole = UtteranceTable(self._whole.select(names), self._rows)
        for first in range(0, len(self), _BATCH):
            some = whole._some(first, _BATCH)
            yield from zip(*(_values(some[name].combine_chunks(), _MADE.get(name)) for name in names), strict=True)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, UtteranceTable):
            return bool(self.table.equals(other.table))
        return isinstance(other, tuple) and len(self) == len(other) and all(map(Utterance.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def _some(self, first: int, n: int) -> pyarrow.Table:
        if self._rows is None:
            return _texts_again(self._whole.slice(first, n))
        return _texts_again(self._whole.take(self._rows[first : first + n]))


def _equal_once(table: pyarrow.Table) -> pyarrow.Table:
    """With every text in memory once, however many rows have it; ids all differ and stay as they are."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type) and field.name != "id":
            table = table.set_column(place, field.name, table[place].dictionary_encode())
    return table


def _texts_again(table: pyarrow.Table) -> pyarrow.Table:
    """The table that `_equal_once` was given, or some of its rows."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table[place].cast(field.type.value_type))
    return table


def _utterances(rows: pyarrow.Table) -> Iterator[Utterance]:
    values = {name: _values(rows[name].combine_chunks(), _MADE.get(name)) for name in rows.column_names}
    names = (*_PLAIN, "audio", "alignment", *ATTRIBUTES, "rater_ratings", "audio_bytes", "audio_mtime_ns")
    for *plain, audio, alignment, v, a, d, raters, n_bytes, mtime_ns in zip(*map(values.get, names), strict=True):
        yield Utterance(
            audio=audio,
            alignment=alignment,
            ratings=_present(v, a, d) or None,
            rater_ratings=raters,
            audio_stamp=None if n_bytes is None else AudioStamp(n_bytes, mtime_ns),
            **dict(zip(_PLAIN, plain, strict=True)),
        )


def _values(column: pyarrow.Array, make: Callable[[str], Any] | None = None) -> list[Any]:
    """As `to_pylist`, which makes each value by itself, but by whole columns where Arrow can; equal texts are one."""
    import pyarrow as pa

    if column.null_count == len(column):
        return [None] * len(column)
    if pa.types.is_list(column.type):
        return rater_ratings(column)
    values: list[Any]
    if pa.types.is_string(column.type):
        values = equal_are_one(column, make)
    elif column.null_count == 0:
        values = column.to_numpy(zero_copy_only=False).tolist()
    else:
        values = column.to_pylist()
    return values


def _present(*ratings: float | None) -> dict[str, float]:
    return {name: value for name, value in zip(ATTRIBUTES, ratings, strict=True) if value is not None}
