from __future__ import annotations

import os
from pathlib import Path

import pytest

from msftk.store.lines import Lines, sync, write_all


def test_every_reader_sees_each_row_once_whoever_appended_it(tmp_path: Path) -> None:
    one, other = Lines(tmp_path / "rows"), Lines(tmp_path / "rows")
    assert list(one.new_rows()) == []
    other.append({"key": "a", "text": "“é”"})
    other.append({"key": "b"})
    other.sync()
    assert list(one.new_rows()) == [{"key": "a", "text": "“é”"}, {"key": "b"}]
    assert list(one.new_rows()) == []


def test_a_row_that_is_torn_or_changed_counts_as_never_written(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    Lines(path).append({"key": "whole"})
    Lines(path).append({"key": "changed"})
    Lines(path).append({"key": "torn"})
    path.write_bytes(path.read_bytes().replace(b"changed", b"CHANGED")[:-5])
    Lines(path).append({"key": "after"})
    assert [row["key"] for row in Lines(path).new_rows()] == ["whole", "after"]


def test_a_line_that_is_still_growing_is_read_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    Lines(path).append({"key": "a"})
    line = path.read_bytes()
    path.write_bytes(line[:-6])
    reader = Lines(path)
    assert list(reader.new_rows()) == []
    path.write_bytes(line)
    assert list(reader.new_rows()) == [{"key": "a"}]


def test_a_number_that_json_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        Lines(tmp_path / "rows").append({"score": float("nan")})


def test_all_is_written_where_the_disk_takes_little_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = os.open(tmp_path / "f", os.O_WRONLY | os.O_CREAT)
    write = os.write
    monkeypatch.setattr(os, "write", lambda where, content: write(where, content[:3]))
    write_all(file, b"0123456789", tmp_path / "log")
    os.close(file)
    assert (tmp_path / "f").read_bytes() == b"0123456789"


def test_an_error_of_an_open_file_names_it(tmp_path: Path) -> None:
    _, pipe = os.pipe()  # which no disk holds
    with pytest.raises(OSError) as told:
        sync(pipe, tmp_path / "rows")
    assert told.value.filename == str(tmp_path / "rows")
