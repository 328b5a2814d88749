"""Rows of a table that people made: each knows its file and line, so that what is wrong in it can be found."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from msftk.errors import InputError
from msftk.types import ATTRIBUTES, RatingScale

DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `place` is "file:line"; a cell that is blank counts as absent."""

    place: str
    cells: Mapping[str, str]

    def text(self, column: str | None) -> str | None:
        """The cell without the blanks around it; None if it is empty or there is no such column."""
        return (self.cells.get(column, "") if column else "").strip() or None

    def number(self, column: str | None, expected: str = "a number") -> float | None:
        """Raises InputError unless the cell is a finite number or absent."""
        text = self.text(column)
        if text is None:
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise InputError(f"{self.place}: {column} is '{text}', expected {expected}. Correct the row or remove it.")
        return number

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


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV table: its columns, its whole rows, and the rows that could not be taken."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[str, ...]


def read_rows(path: Path) -> Table:
    """Reads CSV in UTF-8; the delimiter is the most frequent of `, ; tab |` in the header line.

    Raises:
        InputError: missing, no text, no header.
    """
    rows, problems = [], []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = file.readline()
            delimiter = max(DELIMITERS, key=header.count)
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter)
            columns = tuple(column.strip() for column in next(reader, []))
            line = reader.line_num + 1
            for cells in reader:
                if len(cells) == len(columns):
                    rows.append(Row(f"{path}:{line}", dict(zip(columns, cells, strict=True))))
                elif cells:
                    problems.append(
                        f"{path}:{line}: {len(cells)} cells, expected {len(columns)}. Put a cell that holds "
                        f"'{delimiter}' in quotes, or complete the row."
                    )
                line = reader.line_num + 1  # a quoted cell may hold line breaks: a row begins after the last one's end
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}). Check the path of the table.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV table in UTF-8 ({error}). Save it as CSV, UTF-8.") from error
    if not any(columns):
        raise InputError(f"{path}: no header line. Give the columns names in the first line.")
    return Table(path, columns, tuple(rows), tuple(problems))
