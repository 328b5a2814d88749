"""The feature store: what was put comes back, and what a crash tore is done again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from msftk.errors import InputError, VersionError
from msftk.store import features
from msftk.store.features import Shelf, Store, default_store_path

PRODUCER = {"kind": "test", "plugin": "counter", "options": {"step": 1}}


def fill(folder: Path, names: range, flush_items: int = 2) -> Shelf:
    with Shelf(folder, flush_items) as shelf:
        for name in names:
            shelf.put(f"key{name}", {"vector": np.full(3, name, np.float32)})
    return shelf


@given(
    array=st.sampled_from([np.float32, np.float64, np.int64]).flatmap(
        lambda dtype: arrays(dtype, array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=4))
    )
)
@settings(max_examples=25, deadline=None)
def test_arrays_come_back_with_the_same_bits_before_and_after_the_flush(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray
) -> None:
    folder = tmp_path_factory.mktemp("shelf")
    shelf = Shelf(folder)
    shelf.put("a", {"x": array, "y": np.arange(2)})
    waiting = shelf.get("a")
    shelf.flush()
    for back in (waiting, shelf.get("a"), Shelf(folder).get("a")):
        assert back.keys() == {"x", "y"}
        assert back["x"].dtype == array.dtype
        assert back["x"].shape == array.shape
        assert back["x"].tobytes() == array.tobytes()


def test_put_keeps_a_copy(tmp_path: Path) -> None:
    vector = np.zeros(3)
    shelf = Shelf(tmp_path)
    shelf.put("a", {"vector": vector})
    vector[:] = 7
    assert shelf.get("a")["vector"].tolist() == [0, 0, 0]


def test_a_missing_key_is_none_and_the_last_put_counts(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 1)
    shelf.put("a", {"vector": np.zeros(1)})
    shelf.put("a", {"vector": np.ones(1)})
    assert shelf.get("b") is None
    assert Shelf(tmp_path).get("a")["vector"] == 1
    assert Shelf(tmp_path).keys() == ["a"]


def test_flush_items_bounds_what_is_lost(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 2)
    for name in range(5):
        shelf.put(f"key{name}", {"vector": np.zeros(1)})
    assert sorted(Shelf(tmp_path).keys()) == ["key0", "key1", "key2", "key3"]  # power cut here: one item lost
    assert len(shelf) == 5


def test_an_interruption_inside_the_block_keeps_what_was_put(tmp_path: Path) -> None:
    def interrupted() -> None:
        with Shelf(tmp_path) as shelf:
            shelf.put("a", {"vector": np.zeros(1)})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "a" in Shelf(tmp_path)


def test_a_torn_last_index_line_drops_that_item_and_the_next_append_is_whole(tmp_path: Path) -> None:
    fill(tmp_path, range(4), flush_items=1)
    index = tmp_path / "index.jsonl"
    index.write_bytes(index.read_bytes()[:-20])
    again = Shelf(tmp_path, 1)
    assert sorted(again.keys()) == ["key0", "key1", "key2"]
    again.put("key3", {"vector": np.full(3, 9.0)})
    back = Shelf(tmp_path)
    assert len(back) == 4
    assert back.get("key3")["vector"].tolist() == [9, 9, 9]


def test_a_missing_and_a_truncated_shard_are_dropped_and_redone(tmp_path: Path) -> None:
    fill(tmp_path, range(6))
    rows = [json.loads(line) for line in (tmp_path / "index.jsonl").read_text().splitlines()]
    (tmp_path / rows[0]["shard"]).unlink()
    cut = tmp_path / rows[2]["shard"]
    cut.write_bytes(cut.read_bytes()[:-1])
    shelf = Shelf(tmp_path)
    assert sorted(shelf.keys()) == ["key4", "key5"]
    fill(tmp_path, range(6))
    assert len(Shelf(tmp_path)) == 6


def test_a_shard_of_the_right_size_with_broken_content_counts_as_never_written(tmp_path: Path) -> None:
    fill(tmp_path, range(2))
    shard = next(tmp_path.glob("shard-*"))
    shard.write_bytes(b"\xff" * shard.stat().st_size)
    shelf = Shelf(tmp_path)
    assert shelf.get("key0") is None
    assert "key1" not in shelf


def test_a_kill_between_shard_and_index_row_leaves_a_store_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    shelf = Shelf(tmp_path, 1)
    with monkeypatch.context() as patched:
        patched.setattr(features, "append_lines", killed)
        with pytest.raises(KeyboardInterrupt):
            shelf.put("a", {"vector": np.zeros(1)})
    assert len(list(tmp_path.glob("shard-*"))) == 1
    assert "a" not in Shelf(tmp_path)
    fill(tmp_path, range(2))
    assert sorted(Shelf(tmp_path).keys()) == ["key0", "key1"]


def test_a_kill_while_a_shard_is_written_leaves_no_half_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr("os.replace", cut_off)
        with pytest.raises(OSError, match="power cut"):
            fill(tmp_path, range(2))
    assert not list(tmp_path.glob("shard-*"))


def test_two_processes_write_side_by_side(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
import numpy as np
from msftk.store.features import Shelf
with Shelf(Path(sys.argv[1]), 3) as shelf:
    for name in range(int(sys.argv[2]), int(sys.argv[2]) + 40):
        shelf.put(f"key{name}", {"vector": np.full(3, name, np.float32)})
"""
    writers = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), first]) for first in ("0", "30")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    shelf = Shelf(tmp_path)
    assert len(shelf) == 70
    assert all(shelf.get(f"key{name}")["vector"].tolist() == [name] * 3 for name in range(70))


def test_producers_have_shelves_of_their_own_and_say_who_they_are(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    one, two = store.shelf(PRODUCER), store.shelf({**PRODUCER, "options": {"step": 2}})
    assert one.folder != two.folder
    assert store.shelf(dict(reversed(PRODUCER.items()))).folder == one.folder
    assert json.loads((one.folder / "producer.json").read_text()) == {"format_version": 1, **PRODUCER}


def test_a_store_of_another_version_is_refused_with_the_remedy(tmp_path: Path) -> None:
    Store(tmp_path)
    (tmp_path / "store.json").write_text('{"format_version": 99}')
    with pytest.raises(
        VersionError, match=r"store\.json: store format version 99, this msftk reads version 1\. Use the"
    ):
        Store(tmp_path)


def test_a_producer_folder_of_another_version_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (store.shelf(PRODUCER).folder / "producer.json").write_text("{")
    with pytest.raises(VersionError, match="store format version None"):
        store.shelf(PRODUCER)


def test_a_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be used as a feature store .* --store or MSFTK_STORE"):
        Store(tmp_path / "file")


def test_the_place_is_the_flag_then_the_environment_then_the_cache(tmp_path: Path) -> None:
    environment = {"MSFTK_STORE": "/there", "XDG_CACHE_HOME": "/cache"}
    assert default_store_path(tmp_path, environment) == tmp_path
    assert default_store_path(None, environment) == Path("/there")
    assert default_store_path(None, {"XDG_CACHE_HOME": "/cache"}) == Path("/cache/msftk/store")
    assert default_store_path(None, {}).parts[-2:] == ("msftk", "store")
