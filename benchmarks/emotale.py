"""EmoTale (real ratings): V/A/D of unseen speakers by sound alone and with gs,les,es, beside a peer and people.

    python benchmarks/emotale.py --data DIR [--out DIR] [--seeds 3]

DIR is an EmoTale folder as `msftk prepare csv` reads it: manifest.csv, ratings.csv, words.csv, phones.csv, audio. One
speaker (in both languages) tests, the next is the inner dev that chooses the epoch, the rest train. Predictions of the
seeds are averaged. The same five sentences carry every emotion, so a gain from text is a warning.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from seeds import mean_of_seeds  # the script beside this one

from msftk.evaluation.evaluation import Evaluation, evaluate_predictions
from msftk.recipes.prepare import prepare
from msftk.runs.folder import RunFolder
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import ATTRIBUTES

SETS: dict[str, dict[str, str]] = {"English": {"language": "en"}, "both languages": {}}
FUNCTIONALS = {"acoustic.name": "functionals", "training.learning_rate": 3e-3}  # few steps want a high rate
SYSTEMS: dict[str, dict[str, object]] = {
    "acoustics alone": {"fusion.name": "none"},
    "functionals alone": {"fusion.name": "none", **FUNCTIONALS},
    "gs,les,es": {"semantics": ("gs", "les", "es")},
}
# openSMILE eGeMAPSv02 functionals + ridge, one speaker left out, no inner dev: CCC quoted from the set's own README
PEER = {
    "English": {"valence": 0.426, "arousal": 0.841, "dominance": 0.659, "mean": 0.642},
    "both languages": {"valence": 0.399, "arousal": 0.858, "dominance": 0.721, "mean": 0.659},
}


def run_system(
    corpus: Manifest, folder: Path, store: Store, flags: dict[str, object], seeds: int, select: str
) -> Evaluation:
    """Leave-one-speaker-out predictions, averaged over seeds, against the mean ratings."""
    said = mean_of_seeds(corpus, {**flags, "training.select": select}, folder, store, seeds, "speaker")
    return evaluate_predictions(said, corpus.utterances, protocol=RunFolder(folder / "seed-0").read_card())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="EmoTale folder")
    parser.add_argument("--out", type=Path, default=Path("runs/emotale"), help="runs, store and table; resumable")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--select", choices=["best", "last"], default="best", help="inner dev, or 30 epochs fixed")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    store = Store(arguments.out / "store")
    console = Console(width=120)
    table = Table(
        "set", "system", *ATTRIBUTES, "mean", "within category V / A / D", title="EmoTale, CCC [95 %, speakers]"
    )
    results = {}
    for name in arguments.sets:
        manifest = arguments.out / f"{name.split()[0].lower()}.parquet"
        options = {"scale": (1, 5), "where": SETS[name]}
        corpus = prepare("csv", arguments.data / "manifest.csv", manifest, options=options).manifest
        for system in arguments.systems:
            folder = arguments.out / f"{manifest.stem}-{system.replace(' ', '-').replace(',', '-')}-{arguments.select}"
            scored = run_system(corpus, folder, store, SYSTEMS[system], arguments.seeds, arguments.select)
            results[f"{name}: {system}"] = scored.json()
            table.add_row(name, system, *(cell(scored, key) for key in (*ATTRIBUTES, "mean")), within(scored))
            console.print(f"{name}, {system}: mean CCC {scored.ccc['mean']:.3f}")
        table.add_row(name, "peer: eGeMAPS + ridge", *(f"{PEER[name][key]:.3f}" for key in (*ATTRIBUTES, "mean")), "")
        person = [scored.scores["person"][attribute] for attribute in ATTRIBUTES]
        table.add_row(name, "one person against the others", *(f"{x:.3f}" for x in (*person, np.mean(person))), "")
    console.print(table)
    path = arguments.out / f"emotale-{arguments.select}.json"
    path.write_text(json.dumps(results, indent=2) + "\n")
    console.print(f"all scores: {path}")


def cell(scored: Evaluation, key: str) -> str:
    low, high = scored.ci95[key]
    return f"{scored.ccc[key]:.3f} [{low:.2f}, {high:.2f}]"


def within(scored: Evaluation) -> str:
    return " / ".join(f"{scored.scores['ccc_within_category'][attribute]:.2f}" for attribute in ATTRIBUTES)


if __name__ == "__main__":
    main()
