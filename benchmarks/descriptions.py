"""How much of what a description (ES) brings is its two emotion labels? Field by field, on real ratings (EmoTale).

    python benchmarks/descriptions.py --data DIR [--out DIR] [--seeds 3] [--right 1.0 0.6]

DIR is an EmoTale folder (see emotale.py); one speaker tests, predictions of the seeds are averaged. No audio-language
model describes here: a made description stands in for it. Its two label fields (free and constrained emotion) name the
acted category, right as often as --right says (else another of the five), paralinguistics are measured from the sound
(describer `measured`) and gender is the speaker's. So this bounds what labels can do, and says nothing about a scenario
or an explanation, which cannot be made up. What is asked: does ES still help without its labels, and do they alone?
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from seeds import mean_of_seeds  # the script beside this one

from msftk.evaluation.evaluation import evaluate_predictions
from msftk.files import json_text
from msftk.preparation.extract import extract
from msftk.recipes.prepare import prepare
from msftk.settings import load_settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import ATTRIBUTES

WORDS = {"anger": "angry", "boredom": "bored", "happiness": "happy", "neutral": "calm", "sadness": "sad"}
LABELS = ("free_emotion", "constrained_emotion")
FIELDS: dict[str, tuple[str, ...]] = {
    "no description": (),
    "all fields": (*LABELS, "paralinguistics", "gender"),
    "without the two labels": ("paralinguistics", "gender"),
    "the two labels alone": LABELS,
    "constrained emotion alone": ("constrained_emotion",),
    "free emotion alone": ("free_emotion",),
    "paralinguistics alone": ("paralinguistics",),
    "gender alone": ("gender",),
}
LABELLED = [name for name, fields in FIELDS.items() if set(fields) & set(LABELS)]
# few steps want a high rate, and no speaker is spent on choosing the epoch
SETTINGS: dict[str, Any] = {"acoustic.name": "functionals", "training.learning_rate": 3e-3, "training.select": "last"}
KEYS = (*ATTRIBUTES, "mean")


def made(corpus: Manifest, store: Store, right: float) -> list[dict[str, str]]:
    """A description of every utterance, with all fields that can be made; the same in every run."""
    draw = random.Random(0)
    measured = extract(corpus.utterances, load_settings("tiny", flags={"semantics": ("es",)}), store)
    rows = []
    for utterance in corpus.utterances:
        category = utterance.category or "neutral"
        if draw.random() >= right:
            category = draw.choice([one for one in WORDS if one != category])
        row = {"id": utterance.id, "free_emotion": WORDS[category], "constrained_emotion": category.capitalize()}
        how = measured.text("es", utterance.id) or ""
        row["paralinguistics"] = how.removeprefix("The speech is characterized by ").rstrip(".")
        rows.append(row | ({"gender": utterance.gender} if utterance.gender else {}))
    return rows


def written(rows: Sequence[Mapping[str, str]], fields: Sequence[str], path: Path) -> Path:
    kept = [{name: row[name] for name in ("id", *fields) if name in row} for row in rows]
    path.write_text("".join(json_text(row) + "\n" for row in kept), encoding="utf-8")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="EmoTale folder")
    parser.add_argument("--out", type=Path, default=Path("runs/descriptions"), help="runs, store and table; resumable")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--right", type=float, nargs="+", default=[1.0, 0.6], help="share of labels that are right")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    store = Store(arguments.out / "store")
    options = {"scale": (1, 5)}
    corpus = prepare(
        "csv", arguments.data / "manifest.csv", arguments.out / "emotale.parquet", options=options
    ).manifest
    console = Console(width=130)
    table = Table("fields of ES", "labels right", *KEYS, title="EmoTale, both languages, speakers left out: CCC [95 %]")
    results = {}
    for right in arguments.right:
        rows = made(corpus, store, right)
        systems = FIELDS if right == arguments.right[0] else LABELLED
        for system in systems:
            fields = FIELDS[system]
            name = f"{system.replace(' ', '-')}-{right:g}"
            flags: dict[str, Any] = {**SETTINGS, "fusion.name": "none"}
            if fields:
                file = written(rows, fields, arguments.out / f"{name}.jsonl")
                flags |= {"fusion.name": "fm-moe", "semantics": ("es",)}
                flags |= {"describer.name": "replay", "describer.file": str(file)}
            said = mean_of_seeds(corpus, flags, arguments.out / name, store, arguments.seeds, "speaker")
            scored = evaluate_predictions(replace(said, by_sources={}), corpus.utterances)
            results[f"{system}, {right:g}"] = scored.json()
            cells = (f"{scored.ccc[k]:.2f} [{scored.ci95[k][0]:.2f}, {scored.ci95[k][1]:.2f}]" for k in KEYS)
            share = f"{right:.0%}" if system in LABELLED else "none told"
            table.add_row(system, share, *cells)
            console.print(f"{system}, {share}: mean CCC {scored.ccc['mean']:.3f}")
    console.print(table)
    (arguments.out / "descriptions.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
