"""A file that a command writes with --out: its suffix says the format, asked for before the work; tables by rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from msftk.errors import InputError
from msftk.files import check_place, json_text

if TYPE_CHECKING:
    import pyarrow

TABLES = (".csv", ".jsonl", ".parquet")


def check_out(path: Path, suffixes: Sequence[str] = TABLES) -> None:
    """Raises InputError for a suffix that no format here has, or a place that cannot be written; ask before the work.

    >>> check_out(Path("report.pdf"), (".html",))
    Traceback (most recent call last):
    msftk.errors.InputError: report.pdf: expected a file that ends in .html.
    """
    if path.suffix.lower() not in suffixes:
        raise InputError(f"{path}: expected a file that ends in {', '.join(suffixes)}.")
    check_place(path)


def write_rows(file: IO[bytes], suffix: str, schema: pyarrow.Schema, tables: Iterable[pyarrow.Table]) -> int:
    """Writes tables of one schema one after another, as the suffix says; returns the number of rows.

    The schema's metadata stands in Parquet alone; what is null is an empty cell in CSV.
    """
    n_rows = 0
    with _writer(file, suffix.lower(), schema) as writer:
        for table in tables:
            writer.write_table(table.replace_schema_metadata(schema.metadata))
            n_rows += len(table)
    return n_rows


class _Lines:
    """A JSON object a row."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def write_table(self, table: pyarrow.Table) -> None:
        self.file.write("".join(json_text(row) + "\n" for row in table.to_pylist()).encode())


@contextmanager
def _writer(file: IO[bytes], suffix: str, schema: pyarrow.Schema) -> Iterator[Any]:
    if suffix == ".jsonl":
        yield _Lines(file)
    elif suffix == ".csv":
        from pyarrow.csv import CSVWriter, WriteOptions

        file.write((",".join(schema.names) + "\n").encode())
        with CSVWriter(
            file, schema, write_options=WriteOptions(include_header=False, quoting_style="needed")
        ) as writer:
            yield writer
    else:
        from pyarrow.parquet import ParquetWriter

        with ParquetWriter(file, schema) as writer:
            yield writer
