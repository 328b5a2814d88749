"""RAVDESS with demonstration labels (one V/A/D value a category, not ratings), speakers left out two by two.

    python benchmarks/ravdess.py --data DIR [--out DIR] [--seeds 3] [--peer peer.csv]

DIR is the folder of manifest.csv, words.csv, phones.csv and audio, with category_vad.csv beside or above it; `calm` has
no label and is left out. Actors 01-02, 03-04, ... test in turn, the fourteen others train for a fixed number of epochs,
predictions are averaged over seeds and pooled. Both sentences are neutral and the same for every emotion: the words
carry nothing, this tests the acoustics. `--peer` takes the predictions that egemaps.py writes, for paired differences.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from seeds import mean_of_seeds  # the script beside this one

from msftk.evaluation.ccc import ccc
from msftk.evaluation.clusters import cluster_moments, clusters_of
from msftk.evaluation.evaluation import evaluate_predictions
from msftk.evaluation.paired import paired_ccc
from msftk.evaluation.scores import ratings_of
from msftk.recipes.prepare import prepare
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import ATTRIBUTES, Float64, RatingScale

# beside preset tiny: no actor is spent on choosing the epoch, and few steps want a high rate
SETTINGS: dict[str, Any] = {"training.select": "last", "training.learning_rate": 3e-3}
SYSTEMS: dict[str, dict[str, Any]] = {
    "acoustics alone": {"acoustic.name": "functionals", "fusion.name": "none"},
    "gs,les,es": {"acoustic.name": "functionals", "semantics": ("gs", "les", "es")},
}
PEER = {"valence": 0.429, "arousal": 0.432, "dominance": 0.392}  # what egemaps.py gives, for runs without --peer
KEYS = (*ATTRIBUTES, "mean")


def with_labels(corpus: Manifest, table: Path) -> Manifest:
    """The corpus with each category's valence, arousal and dominance (-1..1) in the place of ratings."""
    with table.open(encoding="utf-8") as file:
        labels = {row["category"]: {a: float(row[a]) for a in ATTRIBUTES} for row in csv.DictReader(file)}
    labelled = [replace(u, ratings=labels[u.category]) for u in corpus.utterances if u.category in labels]
    facts = {**corpus.facts, "ratings": "demonstration labels (category-derived, not ratings)"}
    return replace(corpus, utterances=tuple(labelled), scale=RatingScale(-1, 1), facts=facts)


def read_peer(path: Path, corpus: Manifest) -> Float64:
    """[utterance, attribute] on -1..1."""
    with path.open(encoding="utf-8") as file:
        rows = {row["id"]: [float(row[a]) for a in ATTRIBUTES] for row in csv.DictReader(file)}
    return np.array([rows[u.id] for u in corpus.utterances])


def over_peer(values: Float64, peer: Float64, corpus: Manifest) -> dict[str, dict[str, Any]]:
    """CCC less the peer's on the same draws of speakers: "ci95" and p, by attribute."""
    truth, labels = ratings_of(corpus.utterances)[:, None], clusters_of(corpus.utterances).labels
    paired = paired_ccc([cluster_moments(said[:, None], truth, labels) for said in (values, peer)])
    found = zip(KEYS, paired.difference(0, 1), strict=True)
    return {key: {"ci95": [one.low, one.high], "p": one.p} for key, one in found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="RAVDESS folder")
    parser.add_argument("--out", type=Path, default=Path("runs/ravdess"), help="runs, store and table; resumable")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--peer", type=Path, help="CSV of egemaps.py")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    store = Store(arguments.out / "store")
    labels = next(p for p in (arguments.data, arguments.data.parent) if (p / "category_vad.csv").is_file())
    plain = prepare("csv", arguments.data / "manifest.csv", arguments.out / "ravdess.parquet").manifest
    corpus = with_labels(plain, labels / "category_vad.csv")
    console = Console(width=120)
    console.print("settings beside preset tiny: " + ", ".join(f"{name}={value}" for name, value in SETTINGS.items()))
    title = f"RAVDESS, demonstration labels, n = {len(corpus.utterances)}, mean of {arguments.seeds} seeds"
    table = Table("system", *KEYS, title=title)
    peer = read_peer(arguments.peer, corpus) if arguments.peer else None
    results = {}
    for system in arguments.systems:
        folder = arguments.out / system.replace(" ", "-").replace(",", "-")
        said = mean_of_seeds(corpus, {**SETTINGS, **SYSTEMS[system]}, folder, store, arguments.seeds, "speaker:8")
        said = replace(said.of([u.id for u in corpus.utterances]), by_sources={})
        scored = evaluate_predictions(said, corpus.utterances)
        results[system] = scored.json()
        table.add_row(system, *(f"{scored.ccc[k]:.3f} {brackets(scored.ci95[k])}" for k in KEYS))
        if peer is not None:
            results[system]["over_peer"] = more = over_peer(said.values, peer, corpus)
            table.add_row("  over the peer", *(f"{brackets(m['ci95'])} p {m['p']:.3f}" for m in more.values()))
    ratings = ratings_of(corpus.utterances)
    quoted = PEER if peer is None else {a: ccc(peer[:, k], ratings[:, k]) for k, a in enumerate(ATTRIBUTES)}
    table.add_row("peer: eGeMAPS + SVR", *(f"{x:.3f}" for x in (*quoted.values(), np.mean(list(quoted.values())))))
    table.caption = "CCC [95 %, over speakers]; over the peer: paired"
    console.print(table)
    (arguments.out / "ravdess.json").write_text(json.dumps(results, indent=2) + "\n")


def brackets(bounds: tuple[float, float]) -> str:
    return f"[{bounds[0]:.2f}, {bounds[1]:.2f}]"


if __name__ == "__main__":
    main()
