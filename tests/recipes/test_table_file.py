"""Tables by rows: what one writes is read back alike, whatever stands in a cell."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from msftk.errors import InputError
from msftk.recipes.table_file import check_out, write_rows

SCHEMA = pa.schema([("word", pa.string()), ("score", pa.float64())])
ROWS = [{"word": 'a "b", c\nd', "score": 0.1}, {"word": "plain", "score": None}, {"word": "", "score": 1e-300}]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_cells_come_back_as_they_were_from_every_format(suffix: str) -> None:
    tables = [pa.Table.from_pylist(part, SCHEMA) for part in (ROWS[:1], ROWS[1:])]
    file = io.BytesIO()
    assert write_rows(file, suffix, SCHEMA, tables) == len(ROWS)
    written = file.getvalue()
    if suffix == ".parquet":
        found = pyarrow.parquet.read_table(pa.BufferReader(written)).to_pylist()
    elif suffix == ".jsonl":
        found = [json.loads(line) for line in written.decode().splitlines()]
    else:
        cells = csv.DictReader(io.StringIO(written.decode(), newline=""))
        found = [{**row, "score": float(row["score"]) if row["score"] else None} for row in cells]
    assert found == ROWS


def test_no_table_takes_a_name_that_says_another_format(tmp_path: Path) -> None:
    check_out(tmp_path / "T.CSV")
    for name in ("t", "t.xlsx", "t.csv.gz"):
        with pytest.raises(InputError, match=r"expected a file that ends in \.csv, \.jsonl, \.parquet\."):
            check_out(tmp_path / name)
