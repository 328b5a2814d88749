from __future__ import annotations

from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk.tables import Row, read_rows
from msftk.types import RatingScale


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_in_the_header(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text('\ufeffid,text,valence\nu1,"a, b",2\n'.replace(",", delimiter))
    table = read_rows(path)
    assert table.columns == ("id", "text", "valence")
    assert table.rows[0].number("valence") == 2


def test_rows_know_the_line_where_they_begin(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('id,text\nu1,"two\nlines"\n\nu2,one\nu3\n')
    table = read_rows(path)
    assert [row.place for row in table.rows] == [f"{path}:2", f"{path}:5"]
    assert table.problems == (
        f"{path}:6: 1 cell, expected 2. Put a cell that holds ',' in quotes, or complete the row.",
    )


def test_blank_cell_and_missing_column_are_absent() -> None:
    row = Row("t.csv:2", {"a": " ", "b": " x "})
    assert (row.text("a"), row.text("b"), row.text("c"), row.text(None), row.number("a")) == (
        None,
        "x",
        None,
        None,
        None,
    )


@pytest.mark.parametrize("text", ["n/a", "N/A", "#N/A", "NA", "nan", "?", "-", "unknown"])
def test_a_rating_that_nobody_knows_costs_no_other(text: str) -> None:
    row = Row("train.csv:17", {"valence": text, "arousal": "3"})
    assert row.ratings({"valence": "valence", "arousal": "arousal"}, RatingScale(1, 7)) == {"arousal": 3}


@pytest.mark.parametrize("text", ["good", "inf", "1_0x", "3,5"])
def test_text_in_a_rating_says_what_was_expected(text: str) -> None:
    row = Row("train.csv:17", {"valence": text})
    with pytest.raises(InputError) as refused:
        row.ratings({"valence": "valence"}, RatingScale(1, 7))
    assert str(refused.value) == (
        f"train.csv:17: valence is '{text}', expected a number from 1 to 7. Correct the row or remove it."
    )


def test_rating_outside_the_scale_is_refused() -> None:
    row = Row("train.csv:17", {"V": "9"})
    with pytest.raises(InputError) as refused:
        row.ratings({"valence": "V"}, RatingScale(1, 7))
    assert str(refused.value) == (
        "train.csv:17: V is 9, outside the rating scale 1 to 7. Correct the row or remove it."
    )


def test_ratings_leave_out_what_is_absent() -> None:
    row = Row("t.csv:2", {"v": "2", "a": ""})
    assert row.ratings({"valence": "v", "arousal": "a", "dominance": None}, RatingScale(1, 7)) == {"valence": 2}


def test_unreadable_tables_say_why(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with pytest.raises(InputError, match=r"t\.csv: cannot be read \(No such file or directory\)\. Check the path"):
        read_rows(path)
    path.write_bytes(b"id,text\nu1,\xff\n")
    with pytest.raises(
        InputError, match=r"t\.csv:2: byte 0xff is not UTF-8 \(Latin-1 or Windows-1252\?\)\. Save it as CSV"
    ):
        read_rows(path)
    path.write_text("")
    with pytest.raises(InputError, match=r"t\.csv: no header line\. Give the columns names in the first line\."):
        read_rows(path)


def test_a_quote_that_does_not_end_swallows_no_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('id,text\nu1,go\nu2,"go home\nu3,stay\n')
    with pytest.raises(InputError, match=r"t\.csv:3: a quote that does not end\. Close it, or write it twice\."):
        read_rows(path)
    for end in ('"\n', '"'):
        path.write_text('id,text\nu1,"go\nhome' + end)
        assert [row.text("text") for row in read_rows(path).rows] == ["go\nhome"]


@pytest.mark.parametrize("nobody", ["unknown", "Unknown", "N/A", "#N/A", "?", "-", "nan"])
def test_what_names_nobody_is_no_name(nobody: str) -> None:
    assert Row("t.csv:2", {"speaker": nobody}).name("speaker") is None


def test_a_message_shows_the_begin_of_a_long_cell() -> None:
    with pytest.raises(InputError) as error:
        Row("t.csv:2", {"v": "9" * 5000}).number("v")
    assert str(error.value) == f"t.csv:2: v is '{'9' * 40}...', expected a number. Correct the row or remove it."
