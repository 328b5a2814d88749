"""The table of a corpus' emphasis: one row a word; finished parts that outlive a kill, and the whole in one file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from msftk.errors import InputError
from msftk.files import sync_folder
from msftk.prosody import LemfBatch, RaggedWords

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

FORMAT_VERSION = 1
NUMBERS = ("start_s", "end_s", "log_f0", "energy", "phone_duration_s", "z_pitch", "z_energy", "z_duration", "score")
UTTERANCES_A_GROUP = 4000  # of the merged table: about 70 000 rows, all that a merge holds in memory


@dataclass(frozen=True, slots=True)
class Rows:
    """Where an utterance's rows lie: the name of a part, the first row, and how many."""

    part: str
    first: int
    count: int


class Parts:
    """A folder of finished parts: Arrow files that name the keys of their utterances. Threads may write at once."""

    def __init__(self, folder: Path, out: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{out}: cannot be written ({error.strerror}). Choose another place with --out."
            ) from error
        self.folder = folder
        self.known = {key: rows for file in sorted(folder.glob("*.arrow")) for key, rows in _contents(file)}

    def write(self, keys: Sequence[str], counts: Sequence[int], table: pyarrow.Table) -> list[Rows]:
        """Writes the rows of some utterances: on disk before the part takes its name, so it is whole or not there."""
        import pyarrow.ipc

        name = f"{os.getpid()}-{os.urandom(8).hex()}.arrow"
        about = {"format_version": FORMAT_VERSION, "utterances": list(zip(keys, counts, strict=True))}
        table = table.replace_schema_metadata({b"msftk": json.dumps(about).encode()})
        with _renamed(self.folder / name, self.folder) as file, pyarrow.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        firsts = np.cumsum([0, *counts]).tolist()
        return [Rows(name, first, count) for first, count in zip(firsts, counts, strict=False)]

    def merged(self, wanted: Sequence[Rows]) -> Iterator[pyarrow.Table]:
        """The rows of `wanted` in that order, a few thousand utterances at a time, with one part open at a time."""
        import pyarrow as pa

        for begin in range(0, len(wanted), UTTERANCES_A_GROUP):
            by_part: dict[str, list[tuple[int, Rows]]] = {}
            for place, rows in enumerate(wanted[begin : begin + UTTERANCES_A_GROUP]):
                by_part.setdefault(rows.part, []).append((place, rows))
            tables, places = [], []
            for part, own in by_part.items():
                with pa.memory_map(str(self.folder / part)) as source:
                    chosen = np.concatenate([np.arange(rows.first, rows.first + rows.count) for _, rows in own])
                    tables.append(pa.ipc.open_file(source).read_all().take(chosen))  # copied out of the map
                places.append(np.repeat([place for place, _ in own], [rows.count for _, rows in own]))
            order = np.argsort(np.concatenate(places), kind="stable")
            yield pa.concat_tables(tables).take(order)


def rows_table(ids: Sequence[str], words: RaggedWords, found: LemfBatch) -> pyarrow.Table:
    """One row a word, from the columns of a batch: those of `emphasis_json`, with id, index and in_segment."""
    import pyarrow as pa

    counts = np.diff(found.offsets)
    index = np.arange(len(found.score)) - np.repeat(found.offsets[:-1], counts)
    unvoiced = np.isnan(found.log_f0)
    columns: dict[str, Any] = {
        "id": pa.array(ids, pa.string()).take(np.repeat(np.arange(len(ids)), counts)),
        "index": index,
        "word": pa.array([label for tier in words.tiers for label in tier.labels], pa.string()),
        "start_s": np.concatenate([np.empty(0), *(tier.start_s for tier in words.tiers)]),
        "end_s": np.concatenate([np.empty(0), *(tier.end_s for tier in words.tiers)]),
        "voiced": ~unvoiced,
        "log_f0": pa.array(found.log_f0, mask=unvoiced),
        "emphasised": index == np.repeat(found.top, counts),
        "in_segment": (np.repeat(found.first, counts) <= index) & (index <= np.repeat(found.last, counts)),
    }
    columns |= {name: getattr(found, name) for name in NUMBERS if name not in columns}
    schema = table_schema()
    return pa.table({name: pa.array(columns[name]) for name in schema.names}).cast(schema)


def table_schema() -> pyarrow.Schema:
    """Columns of an emphasis table, a row a word; numbers as in `emphasis_json`."""
    import pyarrow as pa

    types = {"id": pa.string(), "index": pa.int32(), "word": pa.string(), **dict.fromkeys(NUMBERS, pa.float64())}
    flags = dict.fromkeys(("voiced", "emphasised", "in_segment"), pa.bool_())
    order = ("id", "index", "word", "start_s", "end_s", "voiced", *NUMBERS[2:], "emphasised", "in_segment")
    return pa.schema([(name, (types | flags)[name]) for name in order])


def write_table(out: Path, tables: Iterator[pyarrow.Table], about: Mapping[str, object], scratch: Path) -> None:
    """Parquet at `out`, whole or not at all, begun in the folder `scratch`; `about` stands in its metadata."""
    import pyarrow.parquet

    schema = table_schema().with_metadata({b"msftk": json.dumps({"format_version": FORMAT_VERSION, **about}).encode()})
    with _renamed(out, scratch) as file, pyarrow.parquet.ParquetWriter(file, schema) as writer:
        for table in tables:
            writer.write_table(table.replace_schema_metadata(schema.metadata))


@contextmanager
def _renamed(path: Path, scratch: Path) -> Iterator[Any]:
    """A file under a temporary name in `scratch`, which becomes `path` once it lies on the disk."""
    descriptor, name = tempfile.mkstemp(dir=scratch, prefix=".unfinished.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)  # a temporary file is for its owner only
        os.replace(name, path)
        sync_folder(path.parent)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _contents(file: Path) -> Iterator[tuple[str, Rows]]:
    """Keys and rows of a part; one that cannot be read counts as never written."""
    import pyarrow as pa

    try:
        with pa.memory_map(str(file)) as source:
            about = json.loads((pa.ipc.open_file(source).schema.metadata or {}).get(b"msftk", b"{}"))
    except (OSError, ValueError, pa.ArrowException):
        return
    first = 0
    for key, count in about.get("utterances", ()) if about.get("format_version") == FORMAT_VERSION else ():
        yield key, Rows(file.name, first, count)
        first += count
