"""Tables of words and phones for many utterances (words.csv, phones.csv): read once a process, one line at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Literal

from msftk.counting import counted
from msftk.errors import AbsentError, InputError
from msftk.files import unreadable
from msftk.speech.alignment import make_alignment, make_tier
from msftk.tables import Header, read_cells
from msftk.types import Alignment, Tier

_lock = Lock()  # many threads ask for one table: the first reads it, the others wait


@dataclass(frozen=True, slots=True)
class IntervalTable:
    """Rows of one table by utterance id, as text: (line, start, end, label). Numbers are checked when asked for.

    `second`: whether the second number of a row is its end or its duration.
    """

    path: Path
    rows: dict[str, list[tuple[int, str, str, str]]]
    second: Literal["end", "duration"] = "end"

    def tier(self, utterance_id: str) -> Tier:
        """Intervals of one utterance in table order; empty if there are none."""
        rows = self.rows.get(utterance_id, [])
        start_s = [self._number(line, "start", start) for line, start, _, _ in rows]
        end_s = [self._number(line, self.second, end) for line, _, end, _ in rows]
        if self.second == "duration":
            end_s = [start + duration for start, duration in zip(start_s, end_s, strict=True)]
        return make_tier(start_s, end_s, [label for *_, label in rows])

    def _number(self, line: int, column: str, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise InputError(
                f"{self.path}:{line}: {column} is '{text}', expected seconds. Correct the row or remove it."
            ) from None


def read_table(path: Path, label: str) -> IntervalTable:
    """The table at `path`: columns id, start, end (or duration) and `label` ("word" or "phone"), others do not count.

    Kept for the process until the file's time or size changes.

    Raises:
        InputError: missing, not UTF-8, or without one of these columns.
    """
    try:
        facts = os.stat(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    with _lock:
        return _parse(path, label, facts.st_mtime_ns, facts.st_size)


def phones_beside(words: Path) -> Path | None:
    """words.csv -> phones.csv, s01_words.csv -> s01_phones.csv, if it exists."""
    head, found, tail = words.name.rpartition("words")
    phones = words.with_name(f"{head}phones{tail}")
    return phones if found and phones.is_file() else None


def aligned_ids(words: Path) -> Iterable[str]:
    """Ids of the utterances that the table of words holds."""
    return read_table(words, "word").rows.keys()


def read_aligned(
    words: Path, utterance_id: str | None = None, read: Callable[[Path, str], IntervalTable] = read_table
) -> Alignment:
    """Alignment of one utterance from a table of words and, where it exists, the table of phones beside it.

    `read` opens a table in another format: (path, "word" or "phone") -> `IntervalTable`.

    Raises:
        AbsentError: the table does not hold this utterance.
        InputError: no id given for a table of several utterances, or a row that is wrong (file:line).
    """
    table = read(words, "word")
    if utterance_id is None:
        if len(table.rows) != 1:
            raise InputError(f"{words}: holds {counted(len(table.rows), 'utterance')}. Say which one by its id.")
        utterance_id = next(iter(table.rows))
    if utterance_id not in table.rows:
        raise AbsentError(f"{words}: no words of utterance '{utterance_id}'. Add its rows, or go on without alignment.")
    beside = phones_beside(words)
    phones = read(beside, "phone").tier(utterance_id) if beside else make_tier((), (), ())
    return make_alignment(table.tier(utterance_id), phones, f"{words} ({utterance_id})")


@lru_cache(maxsize=16)
def _parse(path: Path, label: str, mtime_ns: int, n_bytes: int) -> IntervalTable:
    rows: dict[str, list[tuple[int, str, str, str]]] = {}
    header, lines = read_cells(path)
    second: Literal["end", "duration"] = "end" if header.column("end") or not header.column("duration") else "duration"
    places = [header.columns.index(_column(header, name)) for name in ("id", "start", second, label)]
    for line, cells in lines:
        if len(cells) <= max(places):
            raise InputError(
                f"{path}:{line}: {counted(len(cells), 'cell')}, expected {len(header.columns)}. Complete the row."
            )
        utterance_id, start, end, text = (cells[place] for place in places)
        rows.setdefault(utterance_id.strip(), []).append((line, start, end, text))
    return IntervalTable(path, rows, second)


def _column(header: Header, name: str) -> str:
    column = header.column(name)
    if column is None:
        raise header.missing(name, "Name the columns id, start, end (or duration), word or phone.")
    return column
