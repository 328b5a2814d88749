"""Whatever is killed goes on: equal results, and at most one item done twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_200_kills_over_extract_emphasis_and_train_cost_one_item_each_at_most(workers: str) -> None:
    script = [sys.executable, str(Path(__file__).with_name("kills.py")), "--kills", "200", "--workers", workers]
    subprocess.run(script, check=True, timeout=1200)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["local", "processes", "ray"])
def test_kills_of_each_engine_cost_what_was_in_flight(engine: str, tmp_path: Path) -> None:
    script = [sys.executable, str(Path(__file__).parents[1] / "benchmarks" / "extract.py"), "kills", str(tmp_path)]
    subprocess.run([*script, "--items", "400", "--kills", "5", "--engines", engine], check=True, timeout=1200)
