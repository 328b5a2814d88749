"""Processes that each hold a model: their share of the machine, one clear end, and the same store as threads leave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from equal_stores import check_equal_stores
from outside.works import Dies, Inverse, OddError, Raises, Who

from msftk.cores import cores
from msftk.errors import MsftkError
from msftk.registry import registry
from msftk.store.manifest import Manifest

PARENT = """
import os, sys, time
from outside.works import Who
from msftk.registry import registry

if __name__ == "__main__":
    running = registry().create("engine", "local", {"models": 2}).map(Who(), range(1000))
    print(next(running)[1][0], flush=True)
    time.sleep(60)
"""


def engine() -> Any:
    return registry().create("engine", "local", {"models": 2})


def test_each_model_has_a_process_and_its_share_of_the_cores_and_outcomes_are_those_of_threads() -> None:
    found = dict(engine().map(Who(), range(20)))
    assert sorted(found) == list(range(20))
    assert 1 <= len({process for process, _ in found.values()} - {os.getpid()}) <= 2
    assert {threads for _, threads in found.values()} == {max(1, cores() // 2)}
    answers = dict(engine().map(Inverse(), range(3)))
    assert (answers[1], answers[2]) == (1.0, 0.5)
    assert isinstance(answers[0], ZeroDivisionError)
    assert [str(error) for _, error in engine().map(Raises(OddError), [5])] == ["OddError: 5 and 2"]


def test_a_process_that_dies_ends_the_job_with_what_to_do(tmp_path: Path) -> None:
    said = r"one of 2 processes that hold a model died \(out of memory\?\)\. Finished work is kept: set engine\.models"
    with pytest.raises(MsftkError, match=said):
        list(engine().map(Dies(tmp_path, 100), range(10)))


def test_they_end_with_a_parent_that_is_killed() -> None:
    tests = str(Path(__file__).parents[2])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": tests}
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for _ in range(200):
        if not Path(f"/proc/{child}").exists():
            break
        time.sleep(0.05)
    else:
        os.kill(child, signal.SIGKILL)
        pytest.fail("the child outlived its parent")


def test_processes_leave_the_store_that_threads_leave(tmp_path: Path, tone_corpus: Manifest) -> None:
    check_equal_stores(tone_corpus, tmp_path, "engine.models=2")
