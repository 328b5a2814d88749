"""Does moving the stress move the prediction as the planted rule says? LES substitution, and the same in the sound.

    python benchmarks/explain.py RUN --data DIR [--split test1] [--store DIR]

DIR is planted-msp, whose valence follows the meaning of the stressed word. Each sentence has a pleasant
and an unpleasant adjective: naming the pleasant one instead of the unpleasant one must raise valence. The rule says
nothing of which word is stressed to arousal and dominance, which are told beside it, with how far each moves.
Control: two other words of the same sentence, drawn by seed, in the place of the two adjectives.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np

from msftk.recipes.explain import Explanation, explain
from msftk.recipes.predict import load
from msftk.store.manifest import read_manifest
from msftk.types import ATTRIBUTES

WAYS = ("les", "sound")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="test1")
    parser.add_argument("--store")
    chosen = parser.parse_args()
    with (chosen.data / "planted.csv").open() as file:
        truth = list(csv.DictReader(file))
    sense = {row["emphasised_word"].lower(): int(row["valence"]) for row in truth}
    run, random = load(chosen.run), np.random.default_rng(0)
    moves: dict[tuple[str, str], list[list[float]]] = {(way, pair): [] for way in WAYS for pair in ("pair", "control")}
    took, seconds, drift = 0.0, 0.0, []
    for utterance in read_manifest(chosen.run / "manifest.parquet").split(chosen.split):
        before = time.process_time()
        found = explain(run, utterance, store=chosen.store)
        took += time.process_time() - before
        if found.emphasis is None or found.curves is None or found.control is None:
            continue
        seconds += found.curves.duration_s
        drift.append([found.control[a] - found.values[a] for a in ATTRIBUTES])
        senses = [sense.get(word["word"].lower(), 0) for word in found.emphasis["words"]]
        if sorted(senses)[0] != -1 or sorted(senses)[-1] != 1:
            continue
        pair = senses.index(1), senses.index(-1)
        others = [place for place in range(len(senses)) if place not in pair]
        drawn = random.choice(others, 2, replace=False).tolist()
        for way in WAYS:
            moves[way, "pair"].append(moved(found, way, *pair))
            moves[way, "control"].append(moved(found, way, *drawn))
    for (way, pair), rows in moves.items():
        by = np.array(rows)
        told = ", ".join(
            f"{name} up in {(by[:, a] > 0).mean():.2f}, by {by[:, a].mean():+.3f} (size {np.abs(by[:, a]).mean():.3f})"
            for a, name in enumerate(ATTRIBUTES)
        )
        print(f"{way} {pair} n={len(rows)}: {told}")
    largest = np.abs(drift).max(axis=0).round(3).tolist()
    print(f"resynthesis unchanged moves at most {largest}, on average {np.abs(drift).mean(axis=0).round(3).tolist()}")
    print(f"{took:.1f} s of CPU for {seconds:.0f} s of sound")


def moved(found: Explanation, way: str, to: int, away: int) -> list[float]:
    """How far each attribute moves from stress on one word to stress on another."""
    said = getattr(found, way)
    return [said[to][name] - said[away][name] for name in ATTRIBUTES]


if __name__ == "__main__":
    main()
