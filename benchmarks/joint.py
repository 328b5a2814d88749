"""Classes learned beside the ratings: does the emotion's category, or the speaker's gender, help or harm V/A/D?

    python benchmarks/joint.py --data DIR [--out DIR] [--seeds 3]

DIR holds planted-msp (synthetic voices, planted ratings; category follows them) and emotale (nine people, real
ratings, the category that was acted). The first is trained on its Train and tested on Test1, with the log-mel encoder
and gs, les, es; the second with functionals of the voice alone, each speaker left out once. All epochs are trained: no
dev chooses.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from msftk.recipes.evaluate import evaluate
from msftk.recipes.prepare import prepare
from msftk.recipes.train import train
from msftk.settings import load_settings
from msftk.store.features import Store
from msftk.types import ATTRIBUTES

CATEGORY, GENDER = {"name": "category"}, {"name": "gender"}
WEIGHED = {**CATEGORY, "loss": {"name": "cross-entropy", "class_weights": "inverse"}}
SYSTEMS: dict[str, dict[str, Any]] = {
    "V/A/D alone": {},
    "+ category": {"targets": ["vad", CATEGORY]},
    "+ gender": {"targets": ["vad", GENDER]},
    "+ category, gender": {"targets": ["vad", CATEGORY, GENDER]},
    "+ category, rare classes weighed": {"targets": ["vad", WEIGHED]},
    "+ category, undersampled": {"targets": ["vad", CATEGORY], "sampler.name": "class-undersampling"},
}
CORPORA: dict[str, dict[str, Any]] = {
    "planted-msp": {"data.semantic_noise": 2.0},
    "emotale": {"fusion.name": "none", "acoustic.name": "functionals", "training.learning_rate": 3e-3},
}
READ: dict[str, dict[str, Any]] = {
    "planted-msp": {"corpus": "msp-podcast", "root": "planted-msp"},
    "emotale": {"corpus": "csv", "root": "emotale/manifest.csv", "options": {"scale": (1, 5)}},
}
SCORED = {"planted-msp": "test1", "emotale": "test"}
COLUMNS = (*ATTRIBUTES, "mean", "category", "gender")


def scores(name: str, system: str, seed: int, manifest: Path, out: Path) -> list[float]:
    """CCC by attribute and their mean, UAR of category and of gender (NaN where it is not learned)."""
    run = out / f"{name}-{system.strip('+ ').replace(' ', '-').replace('/', '').replace(',', '')}-{seed}"
    if not (run / "protocol.json").is_file():
        flags = {**CORPORA[name], **SYSTEMS[system], "training.seed": seed, "training.select": "last"}
        folds = "speaker" if SCORED[name] == "test" else None
        train(manifest, load_settings("tiny", flags=flags), run, store=Store(out / "store"), folds=folds, device="cpu")
    scored = evaluate(run, split=SCORED[name])
    uar = [scored.targets.get(target, {}).get("uar", np.nan) for target in ("category", "gender")]
    return [*(scored.ccc[column] for column in (*ATTRIBUTES, "mean")), *uar]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of planted-msp and emotale")
    parser.add_argument("--out", type=Path, default=Path("runs/joint"), help="runs, store and table; resumable")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=list(CORPORA))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    console, found = Console(width=120), {}
    for name in arguments.corpora:
        manifest, read = arguments.out / f"{name}.parquet", READ[name]
        prepare(read["corpus"], arguments.data / read["root"], manifest, options=read.get("options"))
        table = Table(name, *COLUMNS[:4], *(f"UAR {one}" for one in COLUMNS[4:]), title=f"CCC and UAR of {name}")
        for system in SYSTEMS:
            each = [scores(name, system, seed, manifest, arguments.out) for seed in range(arguments.seeds)]
            found[f"{name}: {system}"] = each
            by = zip(np.mean(each, axis=0), np.std(each, axis=0, ddof=1), strict=True)
            table.add_row(system, *(f"{mean:.2f} ± {sd:.2f}" if mean == mean else "" for mean, sd in by))
            console.print(f"{name}, {system}: mean CCC {np.mean(each, axis=0)[3]:.3f}")
        console.print(table)
    (arguments.out / "joint.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
