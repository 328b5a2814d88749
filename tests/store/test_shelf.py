"""A shelf: what was put comes back, whoever asks; what a crash tore or a bit spoiled is done again."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from msftk.store.shelf import OPEN_SHARDS, Shelf

WRITER = """
import sys, time
from pathlib import Path
import numpy as np
from msftk.store.shelf import Shelf
with Shelf(Path(sys.argv[1]), 3) as shelf:
    for name in range(int(sys.argv[2]), int(sys.argv[3])):
        shelf.put(f"key{name}", {"vector": np.full(3000, name, np.float32)})
        print(name, flush=True)
"""


def fill(folder: Path, names: range) -> Shelf:
    with Shelf(folder, 2) as shelf:
        for name in names:
            shelf.put(f"key{name}", {"vector": np.full(3, name, np.float32)})
    return shelf


def index_rows(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]


def writer(folder: Path, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@given(
    array=st.sampled_from([np.float32, np.float64, np.int64]).flatmap(
        lambda dtype: arrays(dtype, array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=4))
    )
)
@settings(max_examples=25, deadline=None)
def test_arrays_come_back_with_the_same_bits(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
    folder = tmp_path_factory.mktemp("shelf")
    shelf = Shelf(folder)
    shelf.put("a", {"x": array, "y": np.arange(2)})
    for back in (shelf.get("a"), Shelf(folder).get("a")):
        assert back.keys() == {"x", "y"}
        assert back["x"].dtype == array.dtype
        assert back["x"].shape == array.shape
        assert back["x"].tobytes() == array.tobytes()
        assert back["x"].flags.writeable


def test_put_keeps_a_copy(tmp_path: Path) -> None:
    vector = np.zeros(3)
    shelf = Shelf(tmp_path)
    shelf.put("a", {"vector": vector})
    vector[:] = 7
    assert shelf.get("a")["vector"].tolist() == [0, 0, 0]


def test_a_missing_key_is_none_and_the_last_put_counts(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.put("a", {"vector": np.zeros(1)})
    shelf.put("a", {"vector": np.ones(1)})
    assert shelf.get("b") is None
    assert Shelf(tmp_path).get("a")["vector"] == 1
    assert Shelf(tmp_path).keys() == ["a"]


def test_what_one_puts_another_open_shelf_sees_at_once(tmp_path: Path) -> None:
    here, there = Shelf(tmp_path, 100), Shelf(tmp_path, 100)
    assert "a" not in there
    here.put("a", {"vector": np.ones(1)})
    assert "a" in there
    there.put("b", {"vector": np.ones(2)})
    assert here.get("b")["vector"].tolist() == [1, 1]
    assert len(here) == len(there) == 2


def test_a_torn_last_index_line_drops_that_item_and_the_next_append_is_whole(tmp_path: Path) -> None:
    fill(tmp_path, range(4))
    index = tmp_path / "index.jsonl"
    index.write_bytes(index.read_bytes()[:-20])
    again = Shelf(tmp_path)
    assert sorted(again.keys()) == ["key0", "key1", "key2"]
    again.put("key3", {"vector": np.full(3, 9.0)})
    back = Shelf(tmp_path)
    assert len(back) == 4
    assert back.get("key3")["vector"].tolist() == [9, 9, 9]


def test_a_missing_and_a_truncated_shard_are_redone(tmp_path: Path) -> None:
    for names in (range(2), range(2, 4), range(4, 6)):
        fill(tmp_path, names)
    rows = index_rows(tmp_path)
    (tmp_path / str(rows[0]["shard"])).unlink()
    cut = tmp_path / str(rows[2]["shard"])
    cut.write_bytes(cut.read_bytes()[:-1])
    shelf = Shelf(tmp_path)
    assert [name for name in range(6) if f"key{name}" in shelf] == [2, 4, 5]
    fill(tmp_path, range(6))
    assert [name for name in range(6) if f"key{name}" in Shelf(tmp_path)] == [*range(6)]


def test_no_flipped_bit_comes_back_as_a_vector(tmp_path: Path) -> None:
    fill(tmp_path, range(1))
    shard = next(tmp_path.glob("*.shard"))
    whole = shard.read_bytes()
    for place in range(8 * len(whole)):
        spoiled = bytearray(whole)
        spoiled[place // 8] ^= 1 << place % 8
        shard.write_bytes(spoiled)
        shelf = Shelf(tmp_path)
        assert "key0" not in shelf
        assert shelf.get("key0") is None


def test_no_flipped_bit_of_the_index_names_other_bytes(tmp_path: Path) -> None:
    fill(tmp_path, range(2))
    index = tmp_path / "index.jsonl"
    whole = index.read_bytes()
    for place in random.Random(1).sample(range(8 * len(whole)), 400):
        spoiled = bytearray(whole)
        spoiled[place // 8] ^= 1 << place % 8
        index.write_bytes(spoiled)
        shelf = Shelf(tmp_path)
        found = [shelf.get(key) for key in ("key0", "key1")]
        assert all(one is None or one["vector"].tolist() == [name] * 3 for name, one in enumerate(found))
        assert len(shelf) < 2 or spoiled[place // 8 - 1 : place // 8 + 1] != whole[place // 8 - 1 : place // 8 + 1]


def test_a_spoiled_item_is_put_again_and_counts(tmp_path: Path) -> None:
    fill(tmp_path, range(1))
    shard = next(tmp_path.glob("*.shard"))
    shard.write_bytes(b"\xff" * shard.stat().st_size)
    assert "key0" not in Shelf(tmp_path)
    fill(tmp_path, range(1))
    assert Shelf(tmp_path).get("key0")["vector"].tolist() == [0, 0, 0]


def test_a_killed_writer_loses_nothing_that_it_put(tmp_path: Path) -> None:
    chance = random.Random(5)
    first = 0
    for _ in range(5):
        process = writer(tmp_path, first, 100_000)
        assert process.stdout is not None
        told = [int(process.stdout.readline())]
        time.sleep(chance.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        told += [int(line) for line in process.stdout.read().splitlines()]
        process.wait()
        shelf = Shelf(tmp_path)
        assert all(shelf.get(f"key{name}")["vector"].tolist() == [name] * 3000 for name in told)
        first = told[-1] + 1


def test_two_processes_write_side_by_side(tmp_path: Path) -> None:
    writers = [writer(tmp_path, 0, 40), writer(tmp_path, 30, 70)]
    assert [len(one.communicate(timeout=60)[0].split()) for one in writers] == [40, 40]
    shelf = Shelf(tmp_path)
    assert len(shelf) == 70
    assert all(shelf.get(f"key{name}")["vector"].tolist() == [name] * 3000 for name in range(70))


def test_opening_never_fails_while_threads_and_processes_write(tmp_path: Path) -> None:
    def write_and_open(thread: int) -> int:
        for name in range(60):
            with Shelf(tmp_path) as shelf:
                shelf.put(f"thread{thread}-{name}", {"vector": np.full(3, name)})
                assert shelf.get(f"thread{thread}-{name}") is not None
        return 60

    others = [writer(tmp_path, 0, 200), writer(tmp_path, 200, 400)]
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write_and_open, range(8))) == 480
    for other in others:
        other.communicate(timeout=60)
    assert len(Shelf(tmp_path)) == 480 + 400


def test_a_forked_process_writes_to_a_shard_of_its_own(tmp_path: Path) -> None:
    shelf = fill(tmp_path, range(2))
    child = os.fork()
    if child == 0:
        shelf.put("child", {"vector": np.zeros(1)})
        os._exit(0)
    shelf.put("parent", {"vector": np.ones(1)})
    os.waitpid(child, 0)
    assert Shelf(tmp_path).get("child")["vector"] == 0
    assert Shelf(tmp_path).get("parent")["vector"] == 1
    assert len(list(tmp_path.glob("*.shard"))) == 2


def test_more_shards_than_stay_open_are_all_read(tmp_path: Path) -> None:
    for name in range(OPEN_SHARDS + 2):
        fill(tmp_path, range(name, name + 1))
    shelf = Shelf(tmp_path)
    assert all(f"key{name}" in shelf for name in range(OPEN_SHARDS + 2))
    assert "key0" in shelf
