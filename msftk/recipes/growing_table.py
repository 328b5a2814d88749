"""A table that is written part by part beside its place: a killed job loses no part, and goes on behind the last."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from msftk.files import sync_folder, whole_file, writing
from msftk.recipes.table_file import write_rows
from msftk.store.lines import Lines

if TYPE_CHECKING:
    import pyarrow

A_GROUP = 4096  # rows of a row group of Parquet
END = "bytes"  # of a part in the journal: where its rows end


class GrowingTable:
    """The rows of `out` in a folder of their own, in the format of `out` (Parquet: as Arrow's stream of batches).

    Each part is on the disk when `append` returns: first its rows, then a line of the journal that says where they end
    and what else is to be kept of it. Rows behind the last line are of a part that was cut off, and count as never
    written. The table takes its name when it is whole, in `finish`.

    Args:
        out: its suffix says the format, see `check_out`.
        key: what tables of other contents have another of; theirs are left alone.
    Raises:
        MsftkError: `out` cannot be written, see `unwritable`; `append` and `finish` too.
    """

    def __init__(self, out: Path, key: str) -> None:
        self.out = out
        self.folder = out.parent / f".{out.name}.parts" / key
        self.suffix = out.suffix.lower()
        self.rows = self.folder / f"rows{'.arrow' if self.suffix == '.parquet' else self.suffix}"
        with writing(out):
            self.n_bytes = max((part[END] for part in self.parts()), default=0)
            if self.n_bytes > (self.rows.stat().st_size if self.rows.exists() else 0):  # taken away
                shutil.rmtree(self.folder)
                self.n_bytes = 0

    def parts(self) -> Iterator[Mapping[str, Any]]:
        """What was kept of each part, in their order."""
        return self._journal.new_rows()

    @property
    def _journal(self) -> Lines:
        return Lines(self.folder / "journal.jsonl")

    def append(self, table: pyarrow.Table, kept: Mapping[str, object]) -> None:
        """Adds a part, which may have no rows."""
        with writing(self.out):
            self.folder.mkdir(parents=True, exist_ok=True)
            if len(table):
                self._write(table)
            self._journal.append({END: self.n_bytes, **kept})
            self._journal.sync()

    def _write(self, table: pyarrow.Table) -> None:
        content = io.BytesIO()
        write_rows(content, self.rows.suffix, table.schema, [table], head=self.n_bytes == 0)
        with open(self.rows, "r+b" if self.rows.exists() else "xb") as file:
            file.truncate(self.n_bytes)
            file.seek(self.n_bytes)
            file.write(content.getvalue())
            file.flush()
            os.fsync(file.fileno())
        self.n_bytes += len(content.getvalue())

    def finish(self, empty: pyarrow.Table) -> None:
        """Gives the table its name; `empty`: the columns of one that has no rows."""
        with writing(self.out):
            if not self.n_bytes:
                self._write(empty)
            if self.suffix == ".parquet":
                with whole_file(self.out, self.folder) as file:
                    self._convert(file)
            else:
                os.replace(self.rows, self.out)
                sync_folder(self.out.parent)
            self.drop()

    def _convert(self, file: IO[bytes]) -> None:
        import pyarrow as pa

        with pa.memory_map(str(self.rows)) as source:
            batches = pa.ipc.open_stream(source)
            write_rows(file, self.suffix, batches.schema, _together(batches))

    def drop(self) -> None:
        """Removes what was kept beside the table."""
        shutil.rmtree(self.folder)
        if not any(self.folder.parent.iterdir()):  # else of another table that would take the name
            self.folder.parent.rmdir()


def _together(batches: pyarrow.RecordBatchReader) -> Iterator[pyarrow.Table]:
    """Batches as tables of some thousand rows."""
    import pyarrow as pa

    waiting: list[pyarrow.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= A_GROUP:
            yield pa.Table.from_batches(waiting).combine_chunks()
            waiting = []
    yield pa.Table.from_batches(waiting, batches.schema).combine_chunks()
