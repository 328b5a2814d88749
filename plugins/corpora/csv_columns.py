"""Which column of a table holds which field: the one that the user named, else one of the usual names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msftk.counting import counted
from msftk.errors import InputError, UnknownNameError, did_you_mean
from msftk.tables import Row, Table
from msftk.types import ATTRIBUTES, RatingScale

# What the column of a field is called where the user names none: the first of these that the table has.
USUAL = {
    "id": ("id",),
    "audio": ("audio", "file", "path"),
    "start_s": ("start_s", "start", "begin", "onset"),
    "end_s": ("end_s", "end", "stop", "offset"),
    "duration_s": ("duration_s", "duration", "dur"),  # of a segment that has a start and no end
    "speaker": ("speaker",),
    "gender": ("gender", "sex"),
    "language": ("language",),
    "transcript": ("transcript", "text"),
    "transcript_by": ("transcript_by",),
    "alignment": ("alignment",),
    "split": ("split",),
    "session": ("session",),
    "category": ("category", "emotion"),
    **{attribute: (attribute,) for attribute in ATTRIBUTES},
}
USUAL_OF_RATERS = {
    "id": ("id",),
    "rater": ("rater",),
    "category": ("category", "emotion"),
    **{attribute: (attribute,) for attribute in ATTRIBUTES},
}
Columns = Mapping[str, str | None]  # field -> column, None where the table has none


def columns_of(table: Table, usual: Mapping[str, Sequence[str]], named: Mapping[str, str], flag: str) -> Columns:
    """The column of each field: the one that the user named, which must exist, else a usual one, else None."""
    found = {field: next(filter(None, map(table.column, names)), None) for field, names in usual.items()}
    for field, name in named.items():
        if field not in usual:
            raise UnknownNameError(
                f"{flag}{field}={name}: unknown field '{field}'. {did_you_mean(field, usual)}Known: {', '.join(usual)}."
            )
        found[field] = table.column(name)
        if found[field] is None:
            raise table.missing(name, f"Name the right one with {flag}{field}=NAME.")
    return found


def demand(table: Table, columns: Columns, field: str, flag: str) -> None:
    """Raises InputError where the table has no column for `field`."""
    if columns[field] is None:
        raise table.missing(field, f"Name the right one with {flag}{field}=NAME.")


def check_scale(rows: Sequence[Row], columns: Columns, scale: RatingScale) -> None:
    """Raises InputError where ratings lie outside the scale: to leave them out would cut off an end of the corpus."""
    given = [
        (rating, f"{row.place}: {column}")
        for row in rows
        for column in filter(None, map(columns.get, ATTRIBUTES))
        if (rating := _number(row, column)) is not None
    ]
    off = [(rating, place) for rating, place in given if not scale.low <= rating <= scale.high]
    if off:
        first, place = off[0]
        low, high = min(scale.low, *(one for one, _ in off)), max(scale.high, *(one for one, _ in off))
        raise InputError(
            f"{place} is {first:g}, outside the rating scale {scale.low:g} to {scale.high:g}, as "
            f"{counted(len(off), 'rating')} of {len(given)} {'is' if len(off) == 1 else 'are'}. Name the ends that the "
            f"raters saw, at least --scale {low:g}..{high:g}, correct the ratings, or leave their rows out with "
            "--set off_scale=leave_out."
        )


def _number(row: Row, column: str) -> float | None:
    try:
        return row.number(column)
    except InputError:  # told with its row
        return None
