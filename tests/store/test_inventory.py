"""What lies in a store, and whether all of it can be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.store.features import Store
from msftk.store.inventory import check_store, holdings, verify

VECTORS = {"kind": "text-encoder", "plugin": "hashing", "options": {"dim": 4}}
TEXTS = {"kind": "semantic-source", "plugin": "gs", "options": {}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store = Store(tmp_path / "store")
    store.serve(tmp_path)
    with store.shelf(VECTORS) as shelf, store.records(TEXTS) as log:
        for key in "abc":
            shelf.put(key, {"vector": np.arange(100.0)})
            log.put(key, {"text": f"said {key}"})
    return store.root


def test_holdings_tell_producer_entries_size_and_users(root: Path, tmp_path: Path) -> None:
    vectors, texts = holdings(root)
    assert (vectors.what, vectors.n_entries, vectors.users) == ("text-encoder hashing", 3, (tmp_path,))
    assert (texts.what, texts.n_entries) == ("semantic-source gs", 3)
    assert vectors.n_bytes == sum(file.stat().st_size for file in vectors.folder.iterdir()) > 2400
    assert vectors.json()["producer"] == vectors.folder.name


def test_a_sound_store_is_read_whole(root: Path) -> None:
    assert [(verdict.n_read, verdict.spoiled) for verdict in map(verify, holdings(root))] == [(3, 0), (3, 0)]


@pytest.mark.parametrize("name", ["*.shard", "index.jsonl", "records.jsonl", "producer.json"])
def test_a_flipped_bit_is_counted(root: Path, name: str) -> None:
    file = min(root.glob(f"*/{name}"))
    content = bytearray(file.read_bytes())
    content[len(content) * 2 // 3] ^= 1
    file.write_bytes(content)
    assert sum(verdict.spoiled for verdict in map(verify, holdings(root))) == 1


def test_what_another_version_made_is_told_and_not_read(root: Path) -> None:
    file = next(holdings(root)).folder / "producer.json"
    file.write_text(file.read_text().replace('"format_version": 2', '"format_version": 99'))
    found = {holding.what: holding for holding in holdings(root)}
    assert found["of format version 99"].n_entries == 0
    assert verify(found["of format version 99"]).spoiled == 0
    file.write_text("{")
    assert [verify(holding).spoiled for holding in holdings(root) if holding.what == "unreadable"] == [1]


def test_a_folder_that_is_no_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no feature store there\. Name one by --store or MSFTK_STORE\."):
        check_store(tmp_path)
