"""How often do the bounds of `--interval` hold the ratings of speakers who were never heard?

    python benchmarks/conformal.py [--data planted-msp]

Drawn errors: each speaker has a bias (sd .5), a noise of its own (.2 to 1) and 3 to 40 utterances; 300 corpora a cell,
each asked about 50 new speakers. With --data the model is trained in folds over the voices of the planted corpus (its
ratings follow a known rule, on synthetic speech); each voice is asked with bounds of the errors on all other voices.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from msftk.evaluation.clusters import clusters_of
from msftk.evaluation.conformal import calibrate, coverage_of, group_quantile
from msftk.evaluation.scores import ratings_of
from msftk.recipes.kept import kept
from msftk.recipes.prepare import read_corpus
from msftk.recipes.sources import TrainedSource
from msftk.recipes.train import train
from msftk.runs.folder import RunFolder
from msftk.settings import load_settings
from msftk.store.features import Store
from msftk.types import ATTRIBUTES

ASKED = (0.5, 0.8, 0.9)
SPEAKERS = (4, 6, 8, 12, 20, 40, 100)
CORPORA, NEW = 300, 50


def drawn(console: Console) -> None:
    table = Table("speakers in dev", *(f"asked {asked:g}" for asked in ASKED), title="ratings held, drawn errors")
    for n_speakers in SPEAKERS:
        cells = []
        for asked in ASKED:
            random, held, refused = np.random.default_rng(n_speakers), [], 0
            for _ in range(CORPORA):
                labels = np.repeat(np.arange(n_speakers), random.integers(3, 40, n_speakers))
                half = group_quantile(errors(random, n_speakers, labels), labels, asked)
                refused += np.isinf(half)
                held.append((errors(random, NEW, np.arange(NEW)) <= half).mean() if np.isfinite(half) else np.nan)
            cells.append(f"{np.nanmean(held):.3f}" + (f" ({refused / CORPORA:.0%} refused)" if refused else ""))
        table.add_row(str(n_speakers), *cells)
    console.print(table)


def errors(random: np.random.Generator, n_speakers: int, labels: np.ndarray) -> np.ndarray:
    """Absolute errors of utterances, whose speakers are `labels`."""
    bias, noise = random.normal(0, 0.5, n_speakers), random.uniform(0.2, 1, n_speakers)
    return np.abs(bias[labels] + noise[labels] * random.normal(size=len(labels)))


def planted(data: Path, console: Console) -> None:
    with tempfile.TemporaryDirectory() as folder:
        corpus = read_corpus("msp-podcast", data).manifest
        corpus = replace(corpus, utterances=tuple(u for u in corpus.utterances if u.speaker))
        out = Path(folder) / "run"
        settings = load_settings("tiny", None, (), {"semantics": ("gs", "les")}, environment={})
        train(corpus, settings, out, store=Store(Path(folder) / "store"), folds="speaker:5", device="cpu")
        said = kept([TrainedSource(RunFolder(out))], "test")
    labels = np.array(clusters_of(said.utterances, "speaker").labels)
    table = Table("asked", *ATTRIBUTES, "all", title=f"ratings held, {len(set(labels))} voices, each left out")
    for asked in (0.5, 0.7, 0.8):
        shares = []
        for voice in sorted(set(labels)):
            others = [u for u, label in zip(said.utterances, labels, strict=True) if label != voice]
            own = [u for u, label in zip(said.utterances, labels, strict=True) if label == voice and u.ratings]
            rest = said.predictions.of([u.id for u in others])
            bounds = calibrate(rest, others, clusters_of(others, "speaker").labels, asked)
            mine = said.predictions.of([u.id for u in own])
            shares.append(list(coverage_of(bounds.of(mine), ratings_of(own))["covered"].values()))
        mean = np.mean(shares, axis=0)
        table.add_row(f"{asked:g}", *(f"{one:.3f}" for one in mean), f"{mean.mean():.3f}")
    console.print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of planted-msp")
    chosen = parser.parse_args()
    printer = Console()
    drawn(printer)
    if chosen.data:
        planted(chosen.data, printer)
