"""A data frame of recordings, as pandas, polars and others have it, becomes the utterances of a manifest."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from msftk.errors import InputError
from msftk.store.checks import cast
from msftk.store.columns import schema
from msftk.store.manifest import Manifest
from msftk.store.utterance_table import UtteranceTable
from msftk.types import ATTRIBUTES, RatingScale

REMEDY = "Correct the frame."
NOT_READ = (*ATTRIBUTES, "rater_ratings", "category")  # what is to be predicted


def is_frame(one: object) -> bool:
    """Whether it hands out its columns as a stream of Arrow; pandas before 2.2, which Arrow knows, otherwise."""
    return hasattr(one, "__arrow_c_stream__") or hasattr(one, "__dataframe__")


def manifest_of(frame: Any) -> Manifest:
    """Rows of a frame as utterances: columns as a manifest has them, `audio` or `transcript` at least, others left out.

    A row without `id` is called by the stem of its audio, by its path where stems are equal; several rows of one file
    (`start_s`, `end_s`) need an `id`. What lies beside a file is not looked for: the frame says what there is.

    Raises InputError for a frame without these columns, or a value that cannot be of its column's type.
    """
    import pyarrow as pa

    try:
        table = pa.table(frame)
    except (pa.ArrowException, TypeError, ValueError, NotImplementedError) as error:
        raise InputError(f"frame: cannot be read ({error}). Give paths and texts as strings.") from error
    names = set(table.column_names)
    if not names & {"audio", "transcript"}:
        found = ", ".join(table.column_names) or "none"
        raise InputError(f"frame: no column 'audio' (found: {found}). Name the column of the paths 'audio'.")
    columns = {
        field.name: cast(table[field.name], field, "frame", REMEDY)
        if field.name in names and field.name not in NOT_READ
        else pa.nulls(len(table), field.type)
        for field in schema()
    }
    if "id" not in names:
        columns["id"] = pa.array(_ids(columns["audio"].to_pylist()), pa.string())
    elif columns["id"].null_count:
        raise InputError(f"frame: row {columns['id'].to_pylist().index(None) + 1} has no id. {REMEDY}")
    rows = pa.table([columns[name] for name in schema().names], schema=schema())
    return Manifest("frame", RatingScale(0, 1), UtteranceTable(rows))


def _ids(audio: list[str | None]) -> list[str]:
    """By the audio; a text without sound by its row."""
    stems = [None if path is None else Path(path).stem for path in audio]
    times = Counter(stems)
    return [
        f"row {row}" if path is None or stem is None else stem if times[stem] == 1 else path
        for row, (path, stem) in enumerate(zip(audio, stems, strict=True), start=1)
    ]
