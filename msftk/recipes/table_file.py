"""A file that a command writes with --out: its suffix says the format, asked for before the work; tables by rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from msftk.errors import InputError
from msftk.files import check_place, json_text, whole_file

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


def write_table(columns: Mapping[str, Sequence[object]], path: Path) -> None:
    """Writes columns, e.g. those of `table_columns`, a row an utterance.

    Raises InputError as `check_out`, OSError where the disk is full.
    """
    import pyarrow

    check_out(path)
    table = pyarrow.table(dict(columns))
    with whole_file(path) as file:
        write_rows(file, path.suffix, table.schema, [table])


def write_rows(
    file: IO[bytes], suffix: str, schema: pyarrow.Schema, tables: Iterable[pyarrow.Table], *, head: bool = True
) -> int:
    """Writes tables of one schema one after another, as the suffix says; returns the number of rows.

    The schema's metadata stands in Parquet alone; what is null is an empty cell in CSV. What begins without its `head`
    goes on behind what was written before; Parquet cannot, `.arrow` (Arrow's stream of record batches) can.
    """
    n_rows = 0
    with _writer(file, suffix.lower(), schema, head) as writer:
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


class _Csv:
    """A row a line; quotes only where a text holds what would part cells or lines."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def write_table(self, table: pyarrow.Table) -> None:
        import pyarrow.compute as pc
        from pyarrow.csv import WriteOptions, write_csv
        from pyarrow.types import is_string

        texts = (column for column in table.columns if is_string(column.type))
        parting = any(pc.any(pc.match_substring_regex(column, '[",\r\n]')).as_py() for column in texts)
        style = "needed" if parting else "none"  # "needed" quotes every text
        write_csv(table, self.file, WriteOptions(include_header=False, quoting_style=style))


class _Messages:
    """Record batches as messages, without the mark of the end: more may follow."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def write_table(self, table: pyarrow.Table) -> None:
        for batch in table.to_batches():
            self.file.write(batch.serialize())


@contextmanager
def _writer(file: IO[bytes], suffix: str, schema: pyarrow.Schema, head: bool) -> Iterator[Any]:
    if suffix == ".jsonl":
        yield _Lines(file)
    elif suffix == ".arrow":
        if head:
            file.write(schema.serialize())
        yield _Messages(file)
    elif suffix == ".csv":
        if head:
            file.write((",".join(schema.names) + "\n").encode())
        yield _Csv(file)
    else:
        from pyarrow.parquet import ParquetWriter

        with ParquetWriter(file, schema) as writer:
            yield writer
