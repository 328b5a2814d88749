"""What the Montreal Forced Aligner writes with --output_format csv: a row an interval, of one utterance."""

from __future__ import annotations

from pathlib import Path

from msftk.errors import InputError
from msftk.speech.alignment import make_tier
from msftk.tables import read_rows
from msftk.types import Tier

MFA_COLUMNS = ("begin", "end", "label", "type")


def read_csv_tiers(path: Path) -> dict[str, Tier]:
    """Tiers by the column Type ("words", "phones"); of several speakers "SPEAKER - words" each, as in their TextGrids.

    Raises:
        InputError: a row without times (file:line), or with another number of cells.
    """
    table = read_rows(path)
    if table.problems:
        raise InputError(table.problems[0])
    columns = {name: table.column(name) for name in (*MFA_COLUMNS, "speaker")}
    for name in MFA_COLUMNS:
        if columns[name] is None:
            raise table.missing(name, "Align again, or give another file.")
    several = len({row.text(columns["speaker"]) for row in table.rows}) > 1
    found: dict[str, list[tuple[float, float, str]]] = {}
    for row in table.rows:
        start_s, end_s = (row.number(columns[name], "seconds") for name in ("begin", "end"))
        if start_s is None or end_s is None:
            raise InputError(f"{row.place}: no {'begin' if start_s is None else 'end'}. Complete the row or remove it.")
        kind = row.text(columns["type"]) or ""
        name = f"{row.text(columns['speaker'])} - {kind}" if several else kind
        found.setdefault(name, []).append((start_s, end_s, row.cells[columns["label"] or ""]))
    return {name: make_tier(*zip(*rows, strict=True)) for name, rows in found.items()}
