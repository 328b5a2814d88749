"""Training by two processes on the CPU beside one: the same model, how much sooner.

    python benchmarks/processes.py [--epochs 30] [--out FILE.md]

The demo corpus, acoustics alone (192 channels, batches of 64), each process with one thread; the speed of the training
steps as metrics.jsonl tells it, so that starting Python and preparing the corpus do not count.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

SETTINGS = ("fusion.name=none", "training.batch=64", "training.micro_batch=32", "acoustic.channels=192")


def utterances_per_s(processes: int, epochs: int, folder: Path) -> float:
    """Median over the epochs of one run."""
    run = folder / str(processes)
    command = [sys.executable, "-m", "msftk", "train", "--out", str(run), "--store", str(folder / "store")]
    command += ["--device", "cpu", "--gpus", str(processes), "--epochs", str(epochs)]
    command += [part for one in SETTINGS for part in ("--set", one)]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)
    lines = map(json.loads, (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
    return median(line["utterances_per_s"] for line in lines)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--epochs", type=int, default=30)
    asked.add_argument("--out", type=Path, help="a Markdown file to write the table to")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as place:
        one, two = (utterances_per_s(number, given.epochs, Path(place)) for number in (1, 2))
    text = "\n".join(
        (
            "# Two processes on two cores",
            "",
            f"By `python benchmarks/processes.py` on a machine of {os.cpu_count()} {platform.machine()} cores.",
            "",
            "| processes | utterances/s | ratio |",
            "|---|---|---|",
            f"| 1 | {one:.1f} | 1.00 |",
            f"| 2 | {two:.1f} | {two / one:.2f} |",
            "",
        )
    )
    if given.out:
        given.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
