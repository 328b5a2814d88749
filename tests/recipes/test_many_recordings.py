"""Thousands of recordings: what a job holds does not grow with their number."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from linked_recordings import linked_recordings

from msftk.progress import Progress
from msftk.recipes.predict import load
from msftk.recipes.predict_table import predict_table
from msftk.recipes.recordings import PART
from msftk.store.features import Store

N_FILES = 2_000
WARM = 2 * PART  # until then all that a job needs is loaded and has been used
A_FILE = 600  # bytes of what Python and NumPy hold; of Arrow and torch the system tells, roughly
OF_ALL = 8_000  # bytes: a quarter of what the sound of one takes


class Held:
    """Bytes that Python and NumPy hold, and those of the whole process in memory, by how many recordings were done."""

    def __init__(self) -> None:
        self.bytes: dict[int, tuple[int, int]] = {}

    def __call__(self, told: Progress) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.bytes[told.done] = tracemalloc.get_traced_memory()[0], pages * os.sysconf("SC_PAGESIZE")

    def more(self, first: int, last: int) -> np.ndarray:
        """[2] how many bytes more a recording were held at `last` of them than at `first`."""
        return (np.array(self.bytes[last]) - self.bytes[first]) / (last - first)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")
def test_memory_stays_as_it_is(tiny_run: Path, tmp_path: Path) -> None:
    """20 recordings of 0.5 s under 2,000 names, as `benchmarks/predict.py memory` has them under 100,000."""
    many = linked_recordings(tmp_path, N_FILES)
    run, seen = load(tiny_run, "cpu"), Held()
    tracemalloc.start()
    try:
        written = predict_table(run, many, tmp_path / "t.csv", store=Store(tmp_path / "store"), progress=seen)
    finally:
        tracemalloc.stop()
    assert (written.n, written.failures) == (N_FILES, {})
    assert (seen.more(WARM, N_FILES // PART * PART) < (A_FILE, OF_ALL)).all()
