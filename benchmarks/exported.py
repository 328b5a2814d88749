"""How long `msftk predict` takes to start: of an exported model beside the run that it was exported from.

    python benchmarks/exported.py RUN AUDIO [--times 5]

Seconds of processor time (user and system) of the whole command, best of so many, its store filled before.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from msftk.recipes.export import export


def seconds(model: Path, audio: Path, store: Path) -> float:
    """Processor time of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "msftk", "predict", model, audio, "--store", store, "--json"]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("audio", type=Path)
    parser.add_argument("--times", type=int, default=5)
    chosen = parser.parse_args()
    with TemporaryDirectory() as scratch:
        model, store = Path(scratch) / "model.onnx", Path(scratch) / "store"
        export(chosen.run, model)
        took: dict[str, list[float]] = {name: [] for name in ("exported", "run")}
        for time in range(chosen.times + 1):
            for name, one in (("exported", model), ("run", chosen.run)):
                found = seconds(one, chosen.audio, store)
                took[name] += [found] if time else []  # the first one fills the store
    exported, run = (min(took[name]) for name in ("exported", "run"))
    print(f"exported {exported:.2f} s, run {run:.2f} s: {run / exported:.1f} times")


if __name__ == "__main__":
    main()
