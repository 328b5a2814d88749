"""RAVDESS with demonstration labels (one V/A/D value a category, not ratings), speakers left out two by two.

    python benchmarks/ravdess.py --data DIR [--out DIR] [--seeds 3]

DIR is the folder of manifest.csv, words.csv, phones.csv and audio, with category_vad.csv beside or above it; `calm` has
no label and is left out. Actors 01-02, 03-04, ... test in turn, the next two choose the epoch, predictions are pooled.
Both sentences are neutral and the same for every emotion: the words carry nothing, this tests the acoustics.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from msftk.evaluation.evaluation import evaluate_predictions
from msftk.evaluation.predictions import read_predictions
from msftk.recipes.evaluate import predictions_file
from msftk.recipes.prepare import prepare
from msftk.recipes.train import train
from msftk.settings import load_settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import ATTRIBUTES, RatingScale

SYSTEMS = {
    "acoustics alone": {"fusion.name": "none"},
    "gs,les,es": {"semantics": ("gs", "les", "es")},
}
PEER = {"valence": 0.429, "arousal": 0.432, "dominance": 0.392}  # openSMILE eGeMAPSv02 + SVR, the same folds; quoted


def with_labels(corpus: Manifest, table: Path) -> Manifest:
    """The corpus with each category's valence, arousal and dominance (-1..1) in the place of ratings."""
    with table.open(encoding="utf-8") as file:
        labels = {row["category"]: {a: float(row[a]) for a in ATTRIBUTES} for row in csv.DictReader(file)}
    labelled = [replace(u, ratings=labels[u.category]) for u in corpus.utterances if u.category in labels]
    facts = {**corpus.facts, "ratings": "demonstration labels (category-derived, not ratings)"}
    return replace(corpus, utterances=tuple(labelled), scale=RatingScale(-1, 1), facts=facts, stamps={})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="RAVDESS folder")
    parser.add_argument("--out", type=Path, default=Path("runs/ravdess"), help="runs, store and table; resumable")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    store = Store(arguments.out / "store")
    labels = next(p for p in (arguments.data, arguments.data.parent) if (p / "category_vad.csv").is_file())
    plain = prepare("csv", arguments.data / "manifest.csv", arguments.out / "ravdess.parquet").manifest
    corpus = with_labels(plain, labels / "category_vad.csv")
    console = Console(width=110)
    table = Table("system", *ATTRIBUTES, "mean", title=f"RAVDESS, demonstration labels, n = {len(corpus.utterances)}")
    results = {}
    for system, flags in SYSTEMS.items():
        said = []
        for seed in range(arguments.seeds):
            settings = load_settings("tiny", flags={**flags, "training.seed": seed})
            run = arguments.out / f"{system.replace(' ', '-').replace(',', '-')}-{seed}"
            if not (run / "protocol.json").is_file():
                train(corpus, settings, run, store=store, folds="speaker:8", device="cpu")
            said.append(read_predictions(predictions_file(run, "test")))
        values = np.mean([one.of(said[0].ids).values for one in said], axis=0)
        scored = evaluate_predictions(replace(said[0], values=values), corpus.utterances)
        results[system] = scored.json()
        cells = [
            f"{scored.ccc[k]:.3f} [{scored.ci95[k][0]:.2f}, {scored.ci95[k][1]:.2f}]" for k in (*ATTRIBUTES, "mean")
        ]
        table.add_row(system, *cells)
    table.add_row("peer: eGeMAPS + SVR", *(f"{PEER[a]:.3f}" for a in ATTRIBUTES), f"{np.mean(list(PEER.values())):.3f}")
    console.print(table)
    (arguments.out / "ravdess.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
