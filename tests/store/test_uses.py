"""Who uses a store: told by every process, forgotten when it is gone; and open stores are not cleared."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from msftk.errors import MsftkError
from msftk.store.features import MARK, Store
from msftk.store.uses import Uses, hold

PRODUCER = {"kind": "test"}
HOLDER = """
import sys, time
from pathlib import Path
from msftk.store.features import Store
kept = Store(Path(sys.argv[1]))
print("open", flush=True)
time.sleep(60)
"""


def test_users_are_told_to_all_each_once_and_count_while_they_are_there(tmp_path: Path) -> None:
    one, other = Uses(tmp_path), Uses(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).touch()
        for _ in range(2):
            one.add("producer", tmp_path / name)
    other.add("producer", tmp_path / "a")
    assert other.of("producer") == one.of("producer") == [tmp_path / "a", tmp_path / "b"]
    assert len((tmp_path / "uses.jsonl").read_text().splitlines()) == 2
    (tmp_path / "a").unlink()
    assert Uses(tmp_path).of("producer") == [tmp_path / "b"]
    assert Uses(tmp_path).of("another") == []


def test_a_store_notes_whom_its_producers_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.parquet").touch()
    store = Store(tmp_path / "store")
    nobody = store.shelf({"kind": "of nobody"}).folder.name
    store.serve("m.parquet")
    served = store.shelf(PRODUCER).folder.name
    assert Uses(store.root).of(served) == [tmp_path / "m.parquet"]
    assert Uses(store.root).of(nobody) == []


def test_a_store_that_may_only_be_read_serves_and_notes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    store.shelf(PRODUCER)

    def refuse(self: Any, row: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("msftk.store.lines.Lines.append", refuse)
    store.serve(tmp_path)
    store.shelf(PRODUCER)
    assert not (store.root / "uses.jsonl").exists()


def test_who_clears_is_alone_and_who_comes_meanwhile_is_told(tmp_path: Path) -> None:
    Store(tmp_path / "store")  # closed again: nobody keeps it
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "store")], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"open\n"
    mark = tmp_path / "store" / MARK
    with pytest.raises(MsftkError, match=r"store: other jobs have it open\. Wait for that to end"):
        hold(mark, alone=True)
    Store(tmp_path / "store")  # another reader is welcome
    holder.kill()
    holder.wait()
    with (
        hold(mark, alone=True),
        pytest.raises(MsftkError, match=r"store: it is being cleared \(msftk store gc\)\. Wait for that"),
    ):
        Store(tmp_path / "store")
    Store(tmp_path / "store")
