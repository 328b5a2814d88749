"""The effect the paper claims, on a corpus where it is known: does the stressed word carry valence?

    python benchmarks/planted_effect.py --data DIR [--out DIR] [--seeds 5] [--with-development] [--start zero]

DIR is planted-msp (an MSP-Podcast tree with planted.csv, the truth). Neither sound nor transcript predicts valence, the
meaning of the stressed word does, and no stressed word of the test occurs in training. Fixed epochs, scored on test1
alone: acoustics, gs, les, gs,les, gs,les,es, and controls that replace LES. `--with-development` trains on Development
too, which fixed epochs leave free: six voices are few to learn what two others do. `--start` begins training elsewhere
than at the mean and the spread of the ratings (see starts.py); an attribute is dead where its predictions vary less
than a tenth of its ratings.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from planted_hits import FUNCTION_WORDS  # the script beside this one
from rich.console import Console
from rich.table import Table
from starts import STARTS, register_starts

from msftk import interfaces
from msftk.hookspecs import hookimpl
from msftk.interfaces import Evidence, Need
from msftk.preparation.extract import extract
from msftk.preparation.prepared import Prepared
from msftk.recipes.evaluate import evaluate
from msftk.recipes.prepare import prepare
from msftk.recipes.train import train
from msftk.registry import registry
from msftk.settings import load_settings
from msftk.speech.alignment import read_alignment
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import ATTRIBUTES, Utterance

SYSTEMS = {
    "acoustics alone": (),
    "+ gs": ("gs",),
    "+ les": ("les",),
    "+ gs,les": ("gs", "les"),
    "+ gs,les,es": ("gs", "les", "es"),
}
CONTROLLED = {
    "+ gs, random segment": ("gs", "random-segment"),
    "+ gs, last content word": ("gs", "last-content-word"),
    "+ gs, les of another utterance": ("gs", "shuffled"),
    "+ gs, random vectors": ("gs", "random-vectors"),
    "+ gs, true stressed word": ("gs", "true-word"),
}

DEAD = 0.1  # spread of predictions over that of ratings

# some 160 aligned utterances train: more noise than usual
SETTINGS = {"data.semantic_noise": 2.0, "training.select": "last"}


class GivenText:
    """A segment that the benchmark chose, in the place of LES; `texts` maps utterance id -> text."""

    group: ClassVar[str] = "transcript"
    needs: ClassVar[tuple[Need, ...]] = ("id",)
    texts: ClassVar[dict[str, str]]
    Options = interfaces.Options

    def __init_subclass__(cls) -> None:
        cls.texts = {}  # each control has its own

    def __init__(self, options: interfaces.Options) -> None:
        self.options = options

    def identity(self) -> dict[str, str]:
        return {"texts": hashlib.sha256(json.dumps(self.texts, sort_keys=True).encode()).hexdigest()}

    def text(self, evidence: Evidence) -> str | None:
        return self.texts.get(evidence.id)


class RandomSegment(GivenText):
    """Three words around one drawn at random."""


class LastContentWord(GivenText):
    """The last content word and its neighbours."""


class Shuffled(GivenText):
    """The LES of another utterance of the same split."""


class TrueWord(GivenText):
    """The word that was really stressed."""


class RandomVectors:
    """A normal vector an utterance, of MiniLM's size: what a model makes of noise."""

    group: ClassVar[str] = "transcript"
    needs: ClassVar[tuple[Need, ...]] = ("id",)
    Options = interfaces.Options
    dim = 384

    def __init__(self, options: interfaces.Options) -> None:
        self.options = options

    def vector(self, evidence: Evidence) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(evidence.id.encode()).digest()[:8], "little")
        vector = np.random.default_rng(seed).normal(size=self.dim)
        return (vector / np.linalg.norm(vector)).astype(np.float32)


CONTROLS = {
    "random-segment": RandomSegment,
    "last-content-word": LastContentWord,
    "shuffled": Shuffled,
    "true-word": TrueWord,
    "random-vectors": RandomVectors,
}


@hookimpl
def register_semantic_sources(register: Callable[..., None]) -> None:
    for name, control in CONTROLS.items():
        register(name, f"{__name__}:{control.__name__}", help=control.__doc__)


def segment(words: tuple[str, ...], top: int) -> str:
    return " ".join(words[max(top - 1, 0) : top + 2])


def choose_texts(corpus: Manifest, prepared: Prepared, truth: dict[str, dict[str, str]]) -> None:
    """Fills the controls' texts; utterances without LES have none of them either."""
    draw = random.Random(0)
    heard = [u for u in corpus.utterances if prepared.text("les", u.id) is not None]
    for utterance in heard:
        words = read_alignment(utterance.alignment, utterance.id).spoken_words  # type: ignore[arg-type]
        content = [place for place, word in enumerate(words) if word.lower() not in FUNCTION_WORDS]
        RandomSegment.texts[utterance.id] = segment(words, draw.randrange(len(words)))
        LastContentWord.texts[utterance.id] = segment(words, content[-1])
        TrueWord.texts[utterance.id] = truth[utterance.id]["emphasised_word"]
    for split in corpus.splits:
        members: list[Utterance] = [u for u in heard if u.split == split]
        for utterance, other in zip(members, members[1:] + members[:1], strict=True):
            Shuffled.texts[utterance.id] = prepared.text("les", other.id) or ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="planted-msp folder")
    parser.add_argument("--out", type=Path, default=Path("runs/planted"), help="runs, store and table; resumable")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--text", default="minilm", help="text encoder; hashing is the control that knows no meaning")
    parser.add_argument("--fusion", default="fm-moe")
    parser.add_argument("--start", choices=STARTS, default="ratings", help="where training starts")
    parser.add_argument("--only", nargs="+", choices=SYSTEMS | CONTROLLED, help="these systems alone")
    parser.add_argument("--no-controls", action="store_true", help="leave out the controls that replace LES")
    parser.add_argument("--with-development", action="store_true", help="train on Development too: epochs are fixed")
    arguments = parser.parse_args()
    registry().add(sys.modules[__name__], "planted_effect")
    register_starts()
    arguments.out.mkdir(parents=True, exist_ok=True)
    store = Store(arguments.out / "store")
    corpus = prepare("msp-podcast", arguments.data, arguments.out / "planted.parquet").manifest
    training = corpus
    if arguments.with_development:
        joined = [replace(u, split="train") if u.split == "dev" else u for u in corpus.utterances]
        training = replace(corpus, utterances=tuple(joined))
    with (arguments.data / "planted.csv").open() as file:
        truth = {row["id"]: row for row in csv.DictReader(file)}
    prepared = extract(corpus.utterances, load_settings("tiny"), store, with_f0=True)
    choose_texts(corpus, prepared, truth)

    name = f"{arguments.text}-{arguments.fusion}" + "-with-development" * arguments.with_development
    name += "" if arguments.start == "ratings" else f"-{arguments.start}"
    console = Console(width=110)
    scores: dict[str, np.ndarray] = {}  # system -> [seed, attribute]
    dead: dict[str, int] = {}  # system -> attributes of all its seeds
    systems = SYSTEMS if arguments.no_controls else SYSTEMS | CONTROLLED
    for system in arguments.only or systems:
        rows, sources = [], (SYSTEMS | CONTROLLED)[system]
        dead[system] = 0
        for seed in range(arguments.seeds):
            run = arguments.out / f"{name}-{'-'.join(sources) or 'none'}-{seed}"
            flags: dict[str, Any] = {"training.seed": seed, "text.name": arguments.text, **SETTINGS}
            flags["head.name"] = STARTS[arguments.start]
            flags |= {"semantics": sources, "fusion.name": arguments.fusion} if sources else {"fusion.name": "none"}
            if not (run / "protocol.json").is_file():
                train(training, load_settings("tiny", flags=flags), run, store=store, device="cpu")
            scored = evaluate(run, split="test1")
            rows.append([scored.ccc[attribute] for attribute in ATTRIBUTES])
            dead[system] += sum(not ratio >= DEAD for ratio in scored.scores["scale_ratio"].values())
        scores[system] = np.array(rows)
        console.print(f"{system}: " + ", ".join(f"{value:.2f}" for value in scores[system].mean(axis=0)))
    table = Table(
        "run",
        *ATTRIBUTES,
        "dead",
        "valence over gs, by seed",
        title=f"CCC on test1, mean ± sd of seeds, {arguments.text}",
    )
    for system, found in scores.items():
        cells = [f"{m:.2f} ± {s:.2f}" for m, s in zip(found.mean(axis=0), found.std(axis=0, ddof=1), strict=True)]
        over = " ".join(f"{d:+.2f}" for d in found[:, 0] - scores["+ gs"][:, 0]) if "+ gs" in scores else ""
        table.add_row(system, *cells, str(dead[system]), over)
    console.print(table)
    path = arguments.out / f"planted-{name}.json"
    path.write_text(json.dumps({system: found.tolist() for system, found in scores.items()}, indent=2) + "\n")


if __name__ == "__main__":
    main()
