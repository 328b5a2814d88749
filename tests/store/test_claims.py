"""Processes that share a store make nothing twice, and wait for nobody who died."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from msftk.store.records import RecordLog
from msftk.store.shelf import Shelf

WORKER = """
import os, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np
from msftk.store.records import RecordLog
from msftk.store.shelf import Shelf
shelf = Shelf(Path(sys.argv[1]))
log = RecordLog(shelf.folder / "log" / "records.jsonl")
made = os.open(sys.argv[1] + "/made", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def make(key):
    with shelf.claimed(key):
        if key not in shelf:
            os.write(made, f"{key}\\n".encode())
            time.sleep(0.01)
            shelf.put(key, {"vector": np.zeros(1)})
    with log.claimed(key, "another"):  # several at once
        if key not in log:
            os.write(made, f"row-{key}\\n".encode())
            time.sleep(0.003)
            log.put(key, {"text": "said"})

with ThreadPoolExecutor(3) as pool:
    list(pool.map(make, [f"key{name}" for name in range(60)]))
"""
HOLDER = """
import sys, time
from pathlib import Path
from msftk.store.shelf import Shelf
with Shelf(Path(sys.argv[1])).claimed("a"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_no_item_is_made_twice_and_all_are_made(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path)]) for _ in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    made = (tmp_path / "made").read_text().split()
    assert len(made) == len(set(made)) == 120
    assert len(Shelf(tmp_path)) == len(RecordLog(tmp_path / "log" / "records.jsonl")) == 60


def test_a_claim_dies_with_its_process(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    shelf = Shelf(tmp_path)
    with shelf.claimed("b"):  # another key is free
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with shelf.claimed("a"):
        shelf.put("a", {"vector": np.zeros(1)})
    assert "a" in shelf
