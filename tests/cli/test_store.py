"""`msftk store`: what it prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_corpus import TINY

from msftk.cli.store import size
from msftk.store.manifest import Manifest, write_manifest

Msftk = Callable[..., Any]


@pytest.fixture
def store(tmp_path: Path, tone_corpus: Manifest, msftk: Msftk) -> Path:
    write_manifest(tone_corpus, tmp_path / "m.parquet")
    chosen = [f"--set={one}" for one in TINY]
    ended = msftk("extract", tmp_path / "m.parquet", *chosen, "--semantics", "gs", "--store", tmp_path / "store")
    assert ended.code == 0, ended.err
    return tmp_path / "store"


def test_ls_lists_producers_with_their_users(msftk: Msftk, store: Path) -> None:
    ended = msftk("store", "ls", "--store", store)
    assert ended.code == 0
    for words in ("f0-engine harvest", "text-encoder hashing", "semantic-source gs"):
        assert words in ended.out
    assert "m.parquet" in "".join(ended.out.split())  # a long path is folded
    found = json.loads(msftk("store", "ls", "--store", store, "--json").out)
    assert {producer["entries"] for producer in found["producers"]} == {2, 24}


def test_verify_ends_with_1_where_an_entry_is_spoiled(msftk: Msftk, store: Path) -> None:
    assert msftk("store", "verify", "--store", store).code == 0
    shard = max(store.glob("*/*.shard"), key=lambda file: file.stat().st_size)
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    ended = msftk("store", "verify", "--store", store)
    assert ended.code == 1
    assert "1 entry spoiled: never read as a result, and made again by the next `msftk extract`" in ended.err
    rows = json.loads(msftk("store", "verify", "--store", store, "--json").out)
    assert sum(row["spoiled"] for row in rows) == 1


def test_gc_says_what_would_go_and_removes_it_when_told_to(msftk: Msftk, store: Path) -> None:
    (store.parent / "m.parquet").unlink()
    ended = msftk("store", "gc", "--store", store)
    assert "used by nobody" in ended.out
    assert "would go: add --yes to remove them." in ended.out
    assert json.loads(msftk("store", "ls", "--store", store, "--json").out)["producers"]
    assert "removed." in msftk("store", "gc", "--store", store, "--yes").out
    assert json.loads(msftk("store", "ls", "--store", store, "--json").out)["producers"] == []
    assert msftk("store", "gc", "--store", store).out == "0 B would go: add --yes to remove them.\n"


def test_a_place_without_a_store_is_one_error(msftk: Msftk, tmp_path: Path) -> None:
    ended = msftk("store", "ls", "--store", tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "no feature store there. Name one by --store or MSFTK_STORE." in ended.err


def test_sizes_are_told_as_people_read_them() -> None:
    assert [size(n) for n in (0, 999, 1_500, 2_000_000, 111_000_000_000)] == [
        "0 B",
        "999 B",
        "1.5 kB",
        "2.0 MB",
        "111.0 GB",
    ]
