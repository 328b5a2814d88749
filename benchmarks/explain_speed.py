"""How long a page takes beside a loaded model: hearing, substitutions, resynthesis, drawing.

    python benchmarks/explain_speed.py RUN AUDIO [--times 3]

AUDIO has an alignment beside it. Peer: one `Run.predict` of the same recording. A loop that predicts anew for each of n
words, the text changed and the sound changed, takes 2 n + 1 of these, and WORLD n syntheses beside them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from msftk.recipes.explain import Explanation, explain
from msftk.recipes.explain_page import write_page
from msftk.recipes.predict import load
from msftk.store.memory import MemoryStore


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("audio", type=Path)
    parser.add_argument("--times", type=int, default=3)
    chosen = parser.parse_args()
    run, one = load(chosen.run), str(chosen.audio)
    store = MemoryStore()

    def page() -> Explanation:
        store.clear()
        found = explain(run, one, store=store)
        write_page(found, out)
        return found

    def predict() -> None:
        store.clear()
        run.predict(one, store=store)

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "page.html"
        found = page()  # and what is loaded when it is first used
        explained = [taken(page) for _ in range(chosen.times)]
        size = out.stat().st_size
    predicted = [taken(predict) for _ in range(chosen.times)]
    n = len(found.sound)
    length_s = found.curves.duration_s if found.curves else 0.0
    (wall_s, cpu_s), (one_wall_s, one_cpu_s) = (np.median(rows, axis=0) for rows in (explained, predicted))
    print(f"{length_s:.1f} s of sound, {n} words; page of {size / 1e6:.2f} MB")
    print(f"page: {wall_s:.2f} s, {cpu_s:.2f} s of CPU; one prediction: {one_wall_s:.2f} s, {one_cpu_s:.2f} s of CPU")
    print(f"a loop of 2 n + 1 predictions takes {(2 * n + 1) * one_cpu_s / cpu_s:.1f} times the CPU of the page")


def taken(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and seconds of CPU of this process."""
    before, used = time.perf_counter(), os.times()
    work()
    after = os.times()
    return time.perf_counter() - before, after.user + after.system - used.user - used.system


if __name__ == "__main__":
    main()
