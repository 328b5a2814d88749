"""The feature store: a shelf a producer, versions, and where it lies."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from msftk.errors import InputError, VersionError
from msftk.store import keys
from msftk.store.features import Store, default_store_path

PRODUCER = {"kind": "test", "plugin": "counter", "options": {"step": 1}}


def test_producers_have_shelves_of_their_own_and_say_who_they_are(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    one, two = store.shelf(PRODUCER), store.shelf({**PRODUCER, "options": {"step": 2}})
    assert one.folder != two.folder
    assert store.shelf(dict(reversed(PRODUCER.items()))).folder == one.folder
    assert json.loads((one.folder / "producer.json").read_text()) == {"format_version": 2, **PRODUCER}


def test_a_store_of_another_version_is_refused_with_the_remedy(tmp_path: Path) -> None:
    Store(tmp_path)
    (tmp_path / "store.json").write_text('{"format_version": 99}')
    with pytest.raises(
        VersionError, match=r"store\.json: store format version 99, this msftk reads version 1\. Name another"
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


def test_shelves_of_the_format_before_are_left_alone_and_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    with monkeypatch.context() as before:
        before.setattr(keys, "FORMAT_VERSION", 1)
        store.shelf(PRODUCER).put("a", {"vector": np.zeros(1)})
    assert "a" not in Store(tmp_path).shelf(PRODUCER)
    assert len([folder for folder in tmp_path.iterdir() if folder.is_dir()]) == 2


OPENED_BY_MANY = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np
from msftk.store.features import Store

def opened(root):
    try:
        store = Store(root)
        shelf, records = store.shelf({"kind": "arrays"}, 1), store.records({"kind": "texts"}, 1)
        key = f"{sys.argv[2]} {threading.get_ident()}"
        shelf.put(key, {"vector": np.zeros(1)})
        records.put(key, {"text": "one"})
        return shelf.get(key) is not None and records.get(key) is not None
    except Exception as error:
        return repr(error)

with ThreadPoolExecutor(8) as threads:
    for n in range(4):
        for said in threads.map(opened, [Path(sys.argv[1]) / str(n)] * 40):
            if said is not True:
                print(said)
"""


def test_a_store_is_opened_by_many_threads_and_processes_at_once(tmp_path: Path) -> None:
    workers = [
        subprocess.Popen([sys.executable, "-c", OPENED_BY_MANY, tmp_path, str(k)], stdout=-1, stderr=-2, text=True)
        for k in range(3)
    ]
    assert [worker.communicate(timeout=60)[0] for worker in workers] == ["", "", ""]
    assert not [*tmp_path.rglob("*.unfinished")]
