"""Tables that people made: each row knows its file and line, so that what is wrong in it can be found."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from msftk.counting import counted
from msftk.errors import InputError, did_you_mean
from msftk.files import read_text
from msftk.types import ATTRIBUTES, RatingScale

DELIMITERS = ",;\t|"
# What pandas and R write for a cell without a value, in exactly these forms: people say "none", and "Nan" is a name.
ABSENT = frozenset({"", "nan", "NaN", "NA", "<NA>", "None", "NULL", "null", "NaT"})
NOBODY = frozenset({"unknown", "n/a", "#n/a", "?", "-"})  # and of a name, in any case
END = "\0"  # a row behind the last one, which a quote without an end swallows; no text holds it

SPAN = re.compile(r"(?:(\d+) days? )?(\d+):(\d\d):(\d\d(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `place` is "file:line"; a cell that is blank or `ABSENT` counts as absent."""

    place: str
    cells: Mapping[str, str]

    def text(self, column: str | None) -> str | None:
        """The cell without the blanks around it; None if it is absent or there is no such column."""
        text = (self.cells.get(column, "") if column else "").strip()
        return None if text in ABSENT else text

    def name(self, column: str | None) -> str | None:
        """The cell as the name of someone or something; "unknown" and the like are none."""
        text = self.text(column)
        return None if text is None or text.lower() in NOBODY else text

    def number(self, column: str | None, expected: str = "a number") -> float | None:
        """Raises InputError unless the cell is a finite number, absent, or says that nobody knows ("n/a", "?")."""
        text = self.name(column)
        if text is None:
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            shown = text if len(text) <= 40 else text[:40] + "..."
            raise InputError(f"{self.place}: {column} is '{shown}', expected {expected}. Correct the row or remove it.")
        return number

    def seconds(self, column: str | None) -> float | None:
        """A number of seconds, or a span as pandas writes it (0 days 00:00:01.5). Raises as `number`."""
        span = SPAN.fullmatch(self.text(column) or "")
        if span is None:
            return self.number(column, "seconds")
        days, hours, minutes, seconds = (float(part or 0) for part in span.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds

    def ratings(self, columns: Mapping[str, str | None], scale: RatingScale) -> dict[str, float]:
        """Attribute -> rating for the columns named; what is absent is left out. InputError if one is off the scale."""
        ratings = {}
        for attribute in ATTRIBUTES:
            column = columns.get(attribute)
            rating = self.number(column, f"a number from {scale.low:g} to {scale.high:g}")
            if rating is None:
                continue
            if not scale.low <= rating <= scale.high:
                raise InputError(
                    f"{self.place}: {column} is {rating:g}, outside the rating scale {scale.low:g} to {scale.high:g}. "
                    "Correct the row or remove it."
                )
            ratings[attribute] = rating
        return ratings


@dataclass(frozen=True)
class Header:
    """The columns of a table, found by name in any case."""

    path: Path
    columns: tuple[str, ...]
    delimiter: str

    @cached_property
    def _by_lower(self) -> Mapping[str, str]:
        return {column.lower(): column for column in reversed(self.columns)}

    def column(self, name: str) -> str | None:
        """The column of this name, else the first that differs in case alone, else None."""
        return name if name in self.columns else self._by_lower.get(name.lower())

    def missing(self, name: str, remedy: str) -> InputError:
        """What to raise where a column is needed and not there."""
        found = ", ".join(self.columns) or "none"
        return InputError(
            f"{self.path}: no column '{name}' (found: {found}). {did_you_mean(name, self.columns)}{remedy}"
        )


@dataclass(frozen=True)
class Table(Header):
    """A whole table: its rows, and the problems of those that could not be taken."""

    rows: tuple[Row, ...]
    problems: tuple[str, ...]


def read_rows(path: Path) -> Table:
    """The whole table; a row with more or fewer cells than columns is a problem. Raises as `read_cells`."""
    header, cells = read_cells(path)
    rows, problems = [], []
    for line, row in cells:
        if len(row) == len(header.columns):
            rows.append(Row(f"{path}:{line}", dict(zip(header.columns, row, strict=True))))
        else:
            problems.append(
                f"{path}:{line}: {counted(len(row), 'cell')}, expected {len(header.columns)}. Put a cell that holds "
                f"'{header.delimiter}' in quotes, or complete the row."
            )
    return Table(path, header.columns, header.delimiter, tuple(rows), tuple(problems))


def read_cells(path: Path) -> tuple[Header, Iterator[tuple[int, list[str]]]]:
    """The header of a CSV table, and (line, cells) of every row below it that is not blank, of whatever length.

    Its text is what `read_text` reads; its delimiter the most frequent of `, ; tab |` in the header line.

    Raises:
        InputError: missing, no text, no CSV, no header, two columns of one name, a quote that does not end.
    """
    text = read_text(path, "Save it as CSV, UTF-8.")
    delimiter = max(DELIMITERS, key=text.lstrip().partition("\n")[0].count)
    rows = _rows(path, text, delimiter)
    columns = tuple(column.strip() for column in next(rows, (1, []))[1])
    if not any(columns):
        raise InputError(f"{path}: no header line. Give the columns names in the first line.")
    twice = [column for column, n in Counter(columns).items() if n > 1 and column]
    if twice:
        raise InputError(f"{path}: column '{twice[0]}' stands there twice. Rename or remove one.")
    return Header(path, columns, delimiter), rows


def _rows(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(f"{text}\n{END}\n", newline=""), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            if cells == [END]:
                return
            if cells and END in cells[-1]:
                raise InputError(f"{path}:{line}: a quote that does not end. Close it, or write it twice.")
            if cells:
                yield line, cells
            line = reader.line_num + 1  # a quoted cell may hold line breaks: a row begins after the last one's end
    except csv.Error as error:
        raise InputError(f"{path}:{line}: not CSV ({error}). Save it as CSV, UTF-8.") from error
