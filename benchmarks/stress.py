"""Do other weights than the paper's (1.0, 1.2, 0.8) find stressed words better, and how far does noise go?

    python benchmarks/stress.py --data DIR [--out FILE.json]

DIR holds emodb (human marks of stress, by hand, a number a syllable; utterances that are whole), planted-msp and
planted-iemocap (synthetic speech, the stressed word is known). A hit: the top word is the one (or one of those) that is
marked strongest. Weights are compared on a grid of 231 triples that add up to 1; the triple that is best on the other
corpora (mean of their hit rates), or on the other speakers or sentences, is tested on the one that was left out. Noise
is white, or other utterances of the corpus (six at once), at an SNR over the whole utterance; F0 is computed anew.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from msftk.evaluation.intervals import student_t
from msftk.prosody import RaggedWords, harvest, lemf_batch
from msftk.registry import registry
from msftk.speech.alignment import make_alignment, make_tier, read_alignment
from msftk.speech.audio import load_audio
from msftk.types import SAMPLE_RATE_HZ, Alignment, Float32, Float64

PAPER = np.array([1.0, 1.2, 0.8])
STEPS = 20
SNRS_DB = (30.0, 20.0, 10.0, 5.0, 0.0)
N_TALKERS = 6
BARE = ("pitch alone", "energy alone", "duration alone")


@dataclass(frozen=True)
class Marked:
    """A corpus whose stressed words are known: `strongest` [utterance] holds the places of those marked strongest."""

    name: str
    waveforms: Sequence[Float32]
    alignments: Sequence[Alignment]
    strongest: Sequence[frozenset[int]]
    groups: Mapping[str, Sequence[str]]  # "speaker", "sentence" -> of each utterance

    def features(self, waveforms: Sequence[Float32]) -> list[Float64]:
        """z-scores of each utterance heard as `waveforms`: [words, 3] pitch, energy, duration."""
        f0 = [harvest(one, SAMPLE_RATE_HZ) for one in waveforms]
        words = RaggedWords.of(self.alignments)
        found = lemf_batch(waveforms, f0, words)
        columns = np.stack([found.z_pitch, found.z_energy, found.z_duration], axis=1)
        return [columns[first:end] for first, end in pairwise(found.offsets.tolist())]

    def hits(self, features: Sequence[Float64], weights: Float64) -> Float64:
        """Which utterances' top word is marked strongest: weights [..., 3] -> [..., utterance]."""
        tops = [np.argmax(np.tensordot(weights, one, axes=(-1, 1)), axis=-1) for one in features]
        return np.stack(
            [np.isin(top, list(own)) for top, own in zip(tops, self.strongest, strict=True)], axis=-1
        ).astype(np.float64)

    @property
    def chance(self) -> float:
        n_words = [len(one.spoken_words) for one in self.alignments]
        return float(np.mean([len(own) / n for own, n in zip(self.strongest, n_words, strict=True)]))


def read_table(path: Path) -> dict[str, list[dict[str, str]]]:
    """Utterance -> its rows."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found[row["id"]].append(row)
    return found


def emodb(root: Path) -> Marked:
    with (root / "manifest.csv").open(encoding="utf-8") as file:
        rows = {row["id"]: row for row in csv.DictReader(file) if row["complete"] == "1"}
    words, phones = read_table(root / "words.csv"), read_table(root / "phones.csv")
    marks = {one: [float(row["stress"]) for row in own] for one, own in words.items()}
    ids = [one for one in rows if one in marks]

    def alignment(one: str) -> Alignment:
        spoken, sounds = (
            make_tier([float(r["start"]) for r in own], [float(r["end"]) for r in own], [r[label] for r in own])
            for own, label in ((words[one], "word"), (phones[one], "label"))
        )
        return make_alignment(spoken, sounds, one)

    return Marked(
        "emodb (human)",
        [load_audio(root / rows[one]["file"]) for one in ids],
        [alignment(one) for one in ids],
        [frozenset(np.flatnonzero(np.array(marks[one]) == max(marks[one])).tolist()) for one in ids],
        {"speaker": [rows[one]["speaker"] for one in ids], "sentence": [rows[one]["text_id"] for one in ids]},
    )


def planted(root: Path, corpus: str) -> Marked:
    with (root / "planted.csv").open(encoding="utf-8") as file:
        truth = {row["id"]: int(row["emphasised_index"]) for row in csv.DictReader(file)}
    utterances = [u for u in registry().create("corpus", corpus).read(root).utterances if u.alignment and u.audio]
    return Marked(
        root.name,
        [load_audio(u.audio) for u in utterances if u.audio],
        [read_alignment(u.alignment, u.id) for u in utterances if u.alignment],
        [frozenset([truth[u.id]]) for u in utterances],
        {"speaker": [u.speaker or "unknown" for u in utterances]},
    )


def grid() -> Float64:
    """[231, 3] triples of weights that add up to 1."""
    return np.array([[p, e, STEPS - p - e] for p in range(STEPS + 1) for e in range(STEPS + 1 - p)]) / STEPS


def weights_left_out(corpora: Sequence[Marked], features: Mapping[str, list[Float64]]) -> list[dict[str, Any]]:
    """For each corpus: the paper's hit rate, and that of the triple that is best on the other corpora."""
    by_triple = {one.name: one.hits(features[one.name], grid()).mean(axis=1) for one in corpora}
    rows = []
    for corpus in corpora:
        others = np.mean([rates for name, rates in by_triple.items() if name != corpus.name], axis=0)
        chosen = int(np.argmax(others))
        paper = float(corpus.hits(features[corpus.name], PAPER).mean())
        rates = by_triple[corpus.name]
        rows.append(
            {
                "corpus": corpus.name,
                "n": len(corpus.strongest),
                "chance": corpus.chance,
                "paper": paper,
                "chosen": grid()[chosen].tolist(),
                "chosen rate": float(rates[chosen]),
                "best": grid()[int(np.argmax(rates))].tolist(),
                "best rate": float(rates.max()),
            }
        )
    return rows


def groups_left_out(corpus: Marked, features: list[Float64], by: str) -> dict[str, float]:
    """Hit rate of the triple chosen on the other groups less the paper's: mean over groups, and its 95 % interval."""
    hits, paper = corpus.hits(features, grid()), corpus.hits(features, PAPER)
    group = np.array(corpus.groups[by])
    gains = []
    for one in sorted(set(corpus.groups[by])):
        own = group == one
        chosen = int(np.argmax(hits[:, ~own].mean(axis=1)))
        gains.append(hits[chosen, own].mean() - paper[own].mean())
    n = len(gains)
    reach = student_t(n - 1) * np.std(gains, ddof=1) / np.sqrt(n)
    return {"groups": n, "gain": float(np.mean(gains)), "low": np.mean(gains) - reach, "high": np.mean(gains) + reach}


def noisy(corpus: Marked, kind: str, snr_db: float, random: np.random.Generator) -> list[Float32]:
    """Every utterance with noise of this kind, the same in every run."""

    def noise(row: int, n: int) -> Float64:
        if kind == "white":
            return random.normal(0, 1, n)
        others = random.choice([k for k in range(len(corpus.waveforms)) if k != row], N_TALKERS, replace=False)
        return np.sum([np.resize(corpus.waveforms[k], n) for k in others], axis=0)

    heard = []
    for row, waveform in enumerate(corpus.waveforms):
        added = noise(row, len(waveform))
        level = np.sqrt(np.mean(waveform**2) / np.mean(added**2) / 10 ** (snr_db / 10))
        heard.append((waveform + level * added).astype(np.float32))
    return heard


def in_noise(corpora: Sequence[Marked], clean: Mapping[str, list[Float64]]) -> dict[str, dict[str, dict[str, float]]]:
    """Corpus, rule -> condition -> hit rate; "same as clean" is how often the top word stays what it was."""
    rules = {"LEMf": PAPER, **dict(zip(BARE, np.eye(3), strict=True))}
    found: dict[str, dict[str, dict[str, float]]] = {}
    for corpus in corpora:
        conditions = {"clean": clean[corpus.name]}
        for kind in ("white", "talkers"):
            for snr_db in SNRS_DB:
                heard = noisy(corpus, kind, snr_db, np.random.default_rng(0))
                conditions[f"{kind} {snr_db:g} dB"] = corpus.features(heard)
        own: dict[str, dict[str, float]] = {rule: {} for rule in (*rules, "same as clean")}
        before = [np.argmax(one @ PAPER) for one in clean[corpus.name]]
        for condition, features in conditions.items():
            for rule, weights in rules.items():
                own[rule][condition] = float(corpus.hits(features, weights).mean())
            same = [np.argmax(one @ PAPER) == top for one, top in zip(features, before, strict=True)]
            own["same as clean"][condition] = float(np.mean(same))
        found[corpus.name] = own
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of emodb, planted-msp, planted-iemocap")
    parser.add_argument("--out", type=Path, help="write all numbers as JSON")
    arguments = parser.parse_args()
    data: Path = arguments.data
    corpora = [
        emodb(data / "emodb"),
        planted(data / "planted-msp", "msp-podcast"),
        planted(data / "planted-iemocap", "iemocap"),
    ]
    clean = {one.name: one.features(one.waveforms) for one in corpora}
    console = Console(width=150)

    rows = weights_left_out(corpora, clean)
    table = Table("left out", "n", "chance", "paper", "best of the others", "its rate", "best here", "its rate")
    for row in rows:
        chosen, best = (" ".join(f"{w:.2f}" for w in row[name]) for name in ("chosen", "best"))
        rates = (f"{row[name]:.2f}" for name in ("chance", "paper"))
        reached = (f"{row[name]:.2f}" for name in ("chosen rate", "best rate"))
        table.add_row(row["corpus"], str(row["n"]), *rates, chosen, next(reached), best, next(reached))
    table.title = "hit rate; weights (pitch, energy, duration) add up to 1: the paper's are .33 .40 .27"
    console.print(table)
    left_out = [
        {"corpus": one.name, "by": by, **groups_left_out(one, clean[one.name], by)}
        for one in corpora
        for by in one.groups
    ]
    for gain in left_out:
        console.print(
            f"{gain['corpus']}: weights chosen on the other {gain['by']}s gain {gain['gain']:+.3f} "
            f"[{gain['low']:+.3f}, {gain['high']:+.3f}] on the one left out (of {gain['groups']})"
        )

    noise = in_noise(corpora, clean)
    for name, own in noise.items():
        table = Table("hit rate", *own, title=name)
        for condition in next(iter(own.values())):
            table.add_row(condition, *(f"{rates[condition]:.2f}" for rates in own.values()))
        console.print(table)
    if arguments.out:
        everything = {"weights": rows, "left out": left_out, "noise": noise}
        arguments.out.write_text(json.dumps(everything, indent=2) + "\n")


if __name__ == "__main__":
    main()
