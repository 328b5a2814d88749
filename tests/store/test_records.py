"""The log of texts and descriptions: append-only, seen by all at once, and whole after a crash."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from msftk.store.lines import Lines
from msftk.store.records import RecordLog


def test_rows_come_back_by_key_and_the_last_counts(tmp_path: Path) -> None:
    with RecordLog(tmp_path / "log.jsonl") as log:
        log.put("a", {"text": "très bien\nzwei Zeilen"})
        log.put("b", {"text": None})
        log.put("a", {"text": "later"})
    back = RecordLog(tmp_path / "log.jsonl")
    assert back.get("a") == {"key": "a", "text": "later"}
    assert back.get("b") == {"key": "b", "text": None}
    assert back.get("c") is None
    assert len(back) == 2


def test_a_row_is_there_at_once_for_logs_opened_before_and_after(tmp_path: Path) -> None:
    before = RecordLog(tmp_path / "log.jsonl")
    RecordLog(tmp_path / "log.jsonl", flush_items=100).put("a", {"text": "dear"})
    assert "a" in before
    assert "a" in RecordLog(tmp_path / "log.jsonl")


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_torn_last_line_is_dropped_and_later_rows_are_whole(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "log.jsonl"
    with RecordLog(path) as log:
        log.put("a", {"text": "first"})
        log.put("b", {"text": "a longer second text, torn by a power cut"})
    path.write_bytes(path.read_bytes()[:-cut])
    whole = cut == 1  # only the newline is missing: the row can be read
    again = RecordLog(path)
    assert ("b" in again) is whole
    again.put("c", {"text": "third"})
    back = RecordLog(path)
    assert back.get("a")["text"] == "first"
    assert back.get("c")["text"] == "third"
    assert ("b" in back) is whole


def test_no_flipped_bit_comes_back_as_another_row(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with RecordLog(path) as log:
        log.put("a", {"text": "calm", "n": 3})
        log.put("b", {"text": "angry", "n": 4})
    whole = path.read_bytes()
    for place in range(8 * len(whole)):
        spoiled = bytearray(whole)
        spoiled[place // 8] ^= 1 << place % 8
        path.write_bytes(spoiled)
        log = RecordLog(path)
        assert log.get("a") in (None, {"key": "a", "text": "calm", "n": 3})
        assert log.get("b") in (None, {"key": "b", "text": "angry", "n": 4})
        assert len(log) >= (0 if whole[place // 8] == ord("\n") else 1)


def test_bytes_that_are_no_rows_of_ours_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'\xff\xfe\n[1]\n{"key": "b", "text": "no checksum"}\n')
    RecordLog(path).put("a", {"text": "x"})
    log = RecordLog(path)
    assert len(log) == 1
    assert log.get("a")["text"] == "x"


def test_what_failed_is_kept_until_it_is_forgotten_for_every_log(tmp_path: Path) -> None:
    log, other = RecordLog(tmp_path / "log.jsonl"), RecordLog(tmp_path / "log.jsonl")
    log.put("a", {"text": "calm", "status": "ok"})
    log.put("b", {"text": None, "status": "no answer"})
    log.put("c", {"text": None})
    assert other.get("b") == {"key": "b", "text": None, "status": "no answer"}
    assert log.forget_failed() == 1
    assert other.forget_failed() == 0  # it has seen that
    for one in (log, other, RecordLog(tmp_path / "log.jsonl")):
        assert {key for key in "abc" if key in one} == {"a", "c"}
        assert len(one) == 2
    other.put("b", {"text": "angry", "status": "ok"})
    assert log.get("b") == RecordLog(tmp_path / "log.jsonl").get("b") == {"key": "b", "text": "angry", "status": "ok"}


def test_no_more_rows_are_unsure_than_flush_items_and_a_disk_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is asked beside the work, and waited for before the next row."""
    written, sure, go_on = [], list[int](), threading.Event()

    def sync(lines: Lines) -> None:
        assert go_on.wait(20)
        sure.append(len(written))

    monkeypatch.setattr(Lines, "sync", sync)
    log = RecordLog(tmp_path / "log.jsonl", flush_items=2)
    for key in "ab":
        log.put(key, {})
        written.append(key)
    assert sure == []  # put came back before the disk was sure
    threading.Timer(0.05, go_on.set).start()
    log.put("c", {})
    assert sure == [2]

    def fail(lines: Lines) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Lines, "sync", fail)
    with pytest.raises(OSError, match="Input/output error"):
        log.flush()


def test_a_forked_process_waits_for_no_thread_of_its_parent(tmp_path: Path) -> None:
    log = RecordLog(tmp_path / "log.jsonl", flush_items=1)
    log.put("a", {})
    child = os.fork()
    if not child:
        log.put("b", {})
        log.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert "b" in log
