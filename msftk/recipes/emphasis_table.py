"""The table of a corpus' emphasis: one row a word, the columns of `emphasis_json` with id, index and in_segment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from msftk.files import whole_file
from msftk.prosody.columns import NUMBERS, SHOWN, shown
from msftk.recipes.table_file import write_rows
from msftk.store.shelf import Shelf
from msftk.types import Emphasis

if TYPE_CHECKING:
    import pyarrow

FORMAT_VERSION = 1
FLAGS = ("voiced", "emphasised")
UTTERANCES_A_GROUP = 4000  # of a merge: about 70 000 rows, all that it holds in memory


@cache
def table_schema() -> pyarrow.Schema:
    """Columns of an emphasis table, a row a word; numbers as in `emphasis_json`."""
    import pyarrow as pa

    types = {"word": pa.string(), "start_s": pa.float64(), "end_s": pa.float64()}
    types |= dict.fromkeys(FLAGS, pa.bool_()) | dict.fromkeys(NUMBERS, pa.float64())
    columns = [(name, types[name]) for name in SHOWN]
    return pa.schema([("id", pa.string()), ("index", pa.int32()), *columns, ("in_segment", pa.bool_())])


def utterance_rows(utterance_id: str, emphasis: Emphasis) -> pyarrow.RecordBatch:
    """The rows of one utterance; a number that is undefined is null."""
    import pyarrow as pa

    index = range(len(emphasis.score))
    columns: dict[str, Any] = {
        "id": [utterance_id] * len(index),
        "index": index,
        **shown(emphasis),
        "in_segment": [emphasis.first <= place <= emphasis.last for place in index],
    }
    schema = table_schema()
    arrays = [pa.array(columns[field.name], field.type, from_pandas=True) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


class RowLog:
    """Rows of finished utterances by key, kept as soon as they are there: a killed job loses none of them.

    Threads may share it; to another process it travels as its folder.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._shelf = Shelf(folder)

    def __contains__(self, key: str) -> bool:
        return key in self._shelf

    def append(self, key: str, rows: pyarrow.RecordBatch) -> None:
        self._shelf.put(key, {"rows": np.frombuffer(rows.serialize(), np.uint8)})

    def flush(self) -> None:
        self._shelf.flush()

    def merged(self, keys: Sequence[str]) -> Iterator[pyarrow.Table]:
        """The rows of these utterances in that order, a few thousand utterances at a time."""
        import pyarrow as pa

        schema = table_schema()
        for begin in range(0, len(keys), UTTERANCES_A_GROUP):
            stored = [self._shelf.get(key) for key in keys[begin : begin + UTTERANCES_A_GROUP]]
            batches = [pa.ipc.read_record_batch(pa.py_buffer(one["rows"]), schema) for one in stored if one]
            yield pa.Table.from_batches(batches, schema).combine_chunks()

    def __reduce__(self) -> tuple[Any, ...]:
        return RowLog, (self._shelf.folder,)


def write_table(
    out: Path, tables: Iterable[pyarrow.Table], about: Mapping[str, object], scratch: Path | None = None
) -> int:
    """Writes `out`, whole or not at all, begun in the folder `scratch`; its suffix says the format (`check_out`).

    `about` stands in the metadata of Parquet.

    Returns the number of rows.
    """
    text = json.dumps({"format_version": FORMAT_VERSION, **about}).encode()
    schema = table_schema().with_metadata({b"msftk": text})
    with whole_file(out, scratch) as file:
        return write_rows(file, out.suffix, schema, tables)
