"""The Parquet table of a corpus' emphasis: one row a word, in manifest order, whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msftk.errors import InputError
from msftk.prosody import emphasis_json
from msftk.types import Emphasis

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

FORMAT_VERSION = 1
NUMBERS = ("start_s", "end_s", "log_f0", "energy", "phone_duration_s", "z_pitch", "z_energy", "z_duration", "score")
ROWS_A_GROUP = 20_000  # of the Parquet table, and how many wait in memory


class EmphasisWriter:
    """Takes utterances in any order and writes them in the order of their places in the manifest."""

    def __init__(self, writer: pyarrow.parquet.ParquetWriter) -> None:
        self.n_rows = 0
        self._writer = writer
        self._early: dict[int, list[dict[str, Any]]] = {}
        self._next = 0
        self._rows: list[dict[str, Any]] = []

    def add(self, place: int, utterance_id: str, found: Emphasis | None) -> None:
        """Every place must come once; `found` is None where there is nothing to write."""
        self._early[place] = _rows(utterance_id, found) if found is not None else []
        while self._next in self._early:
            self._rows += self._early.pop(self._next)
            self._next += 1
        if len(self._rows) >= ROWS_A_GROUP:
            self.flush()

    def flush(self) -> None:
        import pyarrow

        if self._rows:
            self._writer.write_table(pyarrow.Table.from_pylist(self._rows, self._writer.schema))
            self.n_rows += len(self._rows)
            self._rows = []


@contextmanager
def emphasis_writer(out: Path, about: Mapping[str, object]) -> Iterator[EmphasisWriter]:
    """A table under a temporary name beside `out`, which takes the name `out` if all goes well."""
    import pyarrow.parquet

    schema = _schema().with_metadata({b"msftk": json.dumps({"format_version": FORMAT_VERSION, **about}).encode()})
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror}). Choose another place with --out.") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            with pyarrow.parquet.ParquetWriter(file, schema) as writer:
                table = EmphasisWriter(writer)
                yield table
                table.flush()
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)  # a temporary file is for its owner only
        os.replace(name, out)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _rows(utterance_id: str, found: Emphasis) -> list[dict[str, Any]]:
    words = emphasis_json(utterance_id, found)["words"]
    return [
        {"id": utterance_id, "index": index, **word, "in_segment": found.first <= index <= found.last}
        for index, word in enumerate(words)
    ]


def _schema() -> pyarrow.Schema:
    import pyarrow as pa

    types = {"id": pa.string(), "index": pa.int32(), "word": pa.string(), **dict.fromkeys(NUMBERS, pa.float64())}
    flags = dict.fromkeys(("voiced", "emphasised", "in_segment"), pa.bool_())
    order = ("id", "index", "word", "start_s", "end_s", "voiced", *NUMBERS[2:], "emphasised", "in_segment")
    return pa.schema([(name, (types | flags)[name]) for name in order])
