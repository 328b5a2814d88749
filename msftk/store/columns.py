"""Utterances as columns of an Arrow table: a corpus of any size, of which only what is looked at becomes an object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from msftk.store.raters import equal_are_one, rater_ratings
from msftk.types import ATTRIBUTES, AudioStamp, RaterRating, Utterance

if TYPE_CHECKING:
    import pyarrow

TEXTS = ("id", "audio", "speaker", "gender", "language", "transcript", "alignment", "split", "session", "category")
NUMBERS = ("start_s", "end_s", *ATTRIBUTES, "duration_s")
_PLAIN = (
    *("id", "start_s", "end_s", "speaker", "gender", "language", "transcript", "split", "session", "category"),
    *("duration_s", "audio_sha256", "channel"),
)
_BATCH = 4096  # rows that become objects together


class UtteranceTable(Sequence[Utterance]):
    """The utterances of a table with `schema()`, each made when it is asked for; a slice is a tuple."""

    def __init__(self, table: pyarrow.Table) -> None:
        self.table = table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[Utterance]:
        for batch in self.table.to_batches(max_chunksize=_BATCH):
            yield from _utterances(batch)

    @overload
    def __getitem__(self, place: int) -> Utterance: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Utterance, ...]: ...
    def __getitem__(self, place: int | slice) -> Utterance | tuple[Utterance, ...]:
        if isinstance(place, slice):
            return self.take(range(*place.indices(len(self))))
        row = range(len(self))[place]  # as any sequence: negative from the end, IndexError outside
        return next(_utterances(self.table.slice(row, 1).to_batches()[0]))

    def take(self, rows: Sequence[int]) -> tuple[Utterance, ...]:
        """Those of some rows, in their order, at once."""
        return tuple(UtteranceTable(self.table.take(list(rows))))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, UtteranceTable):
            return bool(self.table.equals(other.table))
        return isinstance(other, tuple) and len(self) == len(other) and all(map(Utterance.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    @property
    def ids(self) -> list[str]:
        ids: list[str] = self.table["id"].to_pylist()
        return ids

    @property
    def splits(self) -> set[str]:
        return set(self.table["split"].unique().drop_null().to_pylist())

    def of_split(self, name: str) -> list[Utterance]:
        import pyarrow.compute as pc

        return list(UtteranceTable(self.table.filter(pc.equal(self.table["split"], name))))


def ids_of(utterances: Sequence[Utterance]) -> list[str]:
    """Their ids, without making an object of each."""
    return utterances.ids if isinstance(utterances, UtteranceTable) else [utterance.id for utterance in utterances]


def take(utterances: Sequence[Utterance], rows: Sequence[int]) -> Sequence[Utterance]:
    """Those of some rows, in their order."""
    return utterances.take(rows) if isinstance(utterances, UtteranceTable) else [utterances[row] for row in rows]


def chosen(utterances: Sequence[Utterance], keep: Sequence[bool]) -> Sequence[Utterance]:
    """Those of which `keep` is true, in their order; of a table a table."""
    if isinstance(utterances, UtteranceTable):
        import pyarrow as pa

        return UtteranceTable(utterances.table.filter(pa.array(keep, pa.bool_())))
    return tuple(compress(utterances, keep))


def joined(parts: Sequence[Sequence[Utterance]]) -> Sequence[Utterance]:
    """All of them, each id once; of tables, which must share none, a table."""
    tables = [part.table for part in parts if isinstance(part, UtteranceTable)]
    if tables and len(tables) == len(parts):
        import pyarrow as pa

        return UtteranceTable(pa.concat_tables(tables))
    return tuple({utterance.id: utterance for part in parts for utterance in part}.values())


def schema() -> pyarrow.Schema:
    """Columns of a manifest, with their types."""
    import pyarrow as pa

    rating = pa.struct([("rater", pa.string()), *((name, pa.float64()) for name in ATTRIBUTES)])
    return pa.schema(
        [
            *((name, pa.string()) for name in TEXTS),
            *((name, pa.float64()) for name in NUMBERS),
            ("rater_ratings", pa.list_(rating)),
            ("audio_sha256", pa.string()),
            ("channel", pa.int64()),
            ("audio_bytes", pa.int64()),
            ("audio_mtime_ns", pa.int64()),
        ]
    )


def values_of(utterances: Iterable[Utterance], name: str) -> list[Any]:
    """The values of one column."""
    if name in ATTRIBUTES:
        return [None if u.ratings is None else u.ratings.get(name) for u in utterances]
    if name in ("audio", "alignment"):
        return [None if (path := getattr(u, name)) is None else str(path) for u in utterances]
    if name == "rater_ratings":
        return [None if u.rater_ratings is None else [_rated(one) for one in u.rater_ratings] for u in utterances]
    if name == "audio_bytes":
        return [None if u.audio_stamp is None else u.audio_stamp.n_bytes for u in utterances]
    if name == "audio_mtime_ns":
        return [None if u.audio_stamp is None else u.audio_stamp.mtime_ns for u in utterances]
    return [getattr(u, name) for u in utterances]


def _utterances(rows: pyarrow.RecordBatch) -> Iterator[Utterance]:
    values = {field.name: _values(rows[field.name], _MADE.get(field.name)) for field in rows.schema}
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


def _rated(one: RaterRating) -> dict[str, Any]:
    return {"rater": one.rater, **one.ratings}


_MADE = {"audio": Path, "alignment": Path}  # what their texts stand for
