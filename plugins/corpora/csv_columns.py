"""Which column of a table holds which field: the one that the user named, else one of the usual names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msftk.errors import UnknownNameError, did_you_mean
from msftk.tables import Table
from msftk.types import ATTRIBUTES

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
    "alignment": ("alignment",),
    "split": ("split",),
    "session": ("session",),
    "category": ("category", "emotion"),
    **{attribute: (attribute,) for attribute in ATTRIBUTES},
}
USUAL_OF_RATERS = {"id": ("id",), "rater": ("rater",), **{attribute: (attribute,) for attribute in ATTRIBUTES}}
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
