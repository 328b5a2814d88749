"""A table that grows part by part: whatever is cut off, what stands in the journal is there once and nothing else."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet
import pytest

from msftk.recipes.growing_table import GrowingTable

SUFFIXES = (".csv", ".jsonl", ".parquet")


def part(first: int, n: int = 3) -> pa.Table:
    rows = range(first, first + n)
    return pa.table({"id": [f"u{k}, said" for k in rows], "value": [k + 0.5 for k in rows]})


def read(path: Path) -> list[dict[str, object]]:
    table = {".csv": pyarrow.csv.read_csv, ".jsonl": pyarrow.json.read_json, ".parquet": pyarrow.parquet.read_table}
    rows: list[dict[str, object]] = table[path.suffix](path).to_pylist()
    return rows


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_it_has_all_parts_in_their_order_and_takes_its_name_last(suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"said{suffix}"
    out.write_text("of before")
    table = GrowingTable(out, "one")
    for first in (0, 3, 6):
        table.append(part(first), {"first": first})
    assert out.read_text() == "of before"
    assert [kept["first"] for kept in table.parts()] == [0, 3, 6]
    table.finish(part(0, 0))
    assert read(out) == part(0, 9).to_pylist()
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("torn", [b"", b"u3, sa", b"x" * 5000])
def test_what_was_cut_off_counts_as_never_written(suffix: str, torn: bytes, tmp_path: Path) -> None:
    out = tmp_path / f"said{suffix}"
    cut = GrowingTable(out, "one")
    cut.append(part(0), {"first": 0})
    with open(cut.rows, "ab") as file:
        file.write(torn)
    table = GrowingTable(out, "one")
    assert [kept["first"] for kept in table.parts()] == [0]
    table.append(part(3), {"first": 3})
    table.finish(part(0, 0))
    assert read(out) == part(0, 6).to_pylist()


def test_rows_that_somebody_took_away_begin_anew(tmp_path: Path) -> None:
    cut = GrowingTable(tmp_path / "said.csv", "one")
    cut.append(part(0), {})
    cut.rows.unlink()
    assert list(GrowingTable(tmp_path / "said.csv", "one").parts()) == []


def test_another_table_of_that_name_is_left_alone(tmp_path: Path) -> None:
    other = GrowingTable(tmp_path / "said.csv", "other")
    other.append(part(0), {"first": 0})
    table = GrowingTable(tmp_path / "said.csv", "one")
    assert not list(table.parts())
    table.append(part(6), {})
    table.finish(part(0, 0))
    assert len(list(GrowingTable(tmp_path / "said.csv", "other").parts())) == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_without_rows_has_its_columns(suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"said{suffix}"
    table = GrowingTable(out, "one")
    table.append(part(0, 0), {})
    table.finish(part(0, 0))
    assert out.read_text() == "" if suffix == ".jsonl" else read(out) == []
    if suffix == ".csv":
        assert out.read_text() == "id,value\n"
