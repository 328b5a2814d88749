"""A store in memory keeps what the one on disk keeps, and touches no disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from msftk.store.features import Store
from msftk.store.memory import MemoryStore

PRODUCER = {"kind": "test", "options": {"step": 1}}


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(tmp_path / "store") if request.param == "disk" else MemoryStore()


def test_arrays_are_shared_by_producer_and_kept_as_copies(store: Store) -> None:
    vector = np.arange(3.0)
    with store.shelf(PRODUCER) as shelf:
        shelf.put("a", {"vector": vector})
    vector[:] = 7
    again = store.shelf(dict(reversed(PRODUCER.items())))
    again.get("a")["vector"][:] = 8
    assert again.get("a")["vector"].tolist() == [0, 1, 2]
    assert ("a" in again, "b" in again, len(again), again.keys(), again.get("b")) == (True, False, 1, ["a"], None)
    assert "a" not in store.shelf({**PRODUCER, "options": {"step": 2}})


def test_records_are_shared_by_producer(store: Store) -> None:
    with store.records(PRODUCER) as log:
        log.put("a", {"text": "first"})
        log.put("a", {"text": "last"})
    again = store.records(PRODUCER)
    assert again.get("a") == {"key": "a", "text": "last"}
    assert ("a" in again, "b" in again, len(again), again.get("b")) == (True, False, 1, None)


def test_what_failed_is_forgotten_when_asked(store: Store) -> None:
    log = store.records(PRODUCER)
    log.put("a", {"status": "ok"})
    log.put("b", {"status": "no answer"})
    assert log.forget_failed() == 1
    assert ("a" in log, "b" in log, len(log)) == (True, False, 1)


def test_nothing_lies_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = MemoryStore()
    with store.shelf(PRODUCER) as shelf, store.records(PRODUCER) as log:
        shelf.put("a", {"vector": np.zeros(1)})
        log.put("a", {"text": ""})
    assert list(tmp_path.iterdir()) == []


def test_what_is_cleared_is_forgotten_by_those_who_hold_a_shelf() -> None:
    store = MemoryStore()
    shelf, log = store.shelf(PRODUCER), store.records(PRODUCER)
    shelf.put("a", {"vector": np.arange(3.0)})
    log.put("a", {"text": "first"})
    store.clear()
    assert (len(shelf), log.get("a")) == (0, None)
    shelf.put("b", {"vector": np.arange(3.0)})
    assert "b" in store.shelf(PRODUCER)
