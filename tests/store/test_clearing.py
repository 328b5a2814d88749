"""What goes when a store is cleared, and what stays, whatever happens meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from msftk.errors import MsftkError
from msftk.store.clearing import clear, clearance
from msftk.store.features import Store
from msftk.store.inventory import holdings, verify

USED = {"kind": "text-encoder", "plugin": "hashing"}
RECORDS = {"kind": "semantic-source", "plugin": "gs"}
UNUSED = {"kind": "f0-engine", "plugin": "harvest"}


def fill(folder: Path) -> Path:
    """A store of an unused producer, and of two that `folder/user` uses: each key put twice, one row forgotten."""
    (folder / "user").touch()
    store = Store(folder / "store")
    store.shelf(UNUSED).put("a", {"f0_hz": np.zeros(1000)})
    store.serve(folder / "user")
    with store.shelf(USED) as shelf, store.records(RECORDS) as log:
        for value in (1, 2):
            for key in "abc":
                shelf.put(key, {"vector": np.full(100, value)})
                log.put(key, {"text": f"{key}{value}"})
        log.put("d", {"status": "no answer"})
        log.forget_failed()
    return store.root


def contents(root: Path) -> dict[str, Any]:
    store = Store(root)
    shelf, log = store.shelf(USED), store.records(RECORDS)
    vectors = {key: shelf.get(key)["vector"].tolist() for key in "abc" if key in shelf}  # type: ignore[index]
    return {"vectors": vectors, "rows": {key: log.get(key) for key in "abcd"}}


def test_what_nobody_uses_goes_and_what_leads_nowhere(tmp_path: Path) -> None:
    root = fill(tmp_path)
    before = contents(root)
    asked = clearance(root)
    assert [holding.what for holding in asked.unused] == ["f0-engine harvest"]
    assert len(asked.dead) == 2
    size = sum(holding.n_bytes for holding in holdings(root))
    assert clear(root).n_bytes == asked.n_bytes > 8000
    left = list(holdings(root))
    assert {holding.what for holding in left} == {"text-encoder hashing", "semantic-source gs"}
    assert sum(holding.n_bytes for holding in left) < size - 8000
    assert contents(root) == before
    assert sum(verify(holding).spoiled for holding in left) == 0
    assert clear(root).n_bytes == 0


def test_what_is_spoiled_goes_and_the_rest_is_as_it_was(tmp_path: Path) -> None:
    root = fill(tmp_path)
    clear(root)
    before = contents(root)
    index = next(root.glob("*/index.jsonl"))
    content = bytearray(index.read_bytes())
    content[50] ^= 4
    index.write_bytes(content)
    clear(root)
    after = contents(root)
    assert len(after["vectors"]) == 2
    assert after["vectors"].items() < before["vectors"].items()
    assert sum(verify(holding).spoiled for holding in holdings(root)) == 0


def test_a_user_that_is_gone_is_nobody(tmp_path: Path) -> None:
    root = fill(tmp_path)
    (tmp_path / "user").unlink()
    assert len(clear(root).unused) == 3
    assert list(holdings(root)) == []


def test_a_store_that_a_job_has_open_is_left_alone(tmp_path: Path) -> None:
    root = fill(tmp_path)
    kept = Store(root)
    with pytest.raises(MsftkError, match="other jobs have it open"):
        clear(kept.root)
    assert len(list(holdings(root))) == 3


@pytest.mark.parametrize("step", range(1, 9))
def test_a_kill_while_it_clears_loses_nothing(tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before its n-th rename or removal, it leaves what is in use readable; the next time ends it."""
    root = fill(tmp_path)
    before = contents(root)
    done = 0

    def counted(ordinary: Any) -> Any:
        def run(*given: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == step:
                raise KeyboardInterrupt
            return ordinary(*given, **named)

        return run

    with monkeypatch.context() as patch:
        for place, name in ((Path, "replace"), (Path, "rename"), (Path, "unlink"), (Path, "rmdir"), (shutil, "rmtree")):
            patch.setattr(place, name, counted(getattr(place, name)))
        try:
            clear(root)
        except KeyboardInterrupt:
            assert done == step
    assert contents(root) == before
    clear(root)
    assert contents(root) == before
    assert not list(root.glob(".going-*"))
    assert len(list(root.glob("*/*.shard"))) == 1
