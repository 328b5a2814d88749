"""Aligners beside hand labels: how far off, how many wrong texts are refused, and does LEMf choose the same word?

    python benchmarks/alignment.py --data DIR [--aligner pocketsphinx] [--set OPTION=VALUE ...]

DIR holds timit-sample (words and phones by hand), and emotale, ravdess, prompts where they are there: acted emotion,
by its texts alone. A wrong text is that of another recording of the same folder in which none of its words of four
letters and more stands. The second table is the path kernel of `ctc` beside a NumPy Viterbi (tests/reference/ctc.py),
one core, on random emissions of 32 classes at 50 frames a second.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from reference.ctc import best_path

from msftk.errors import AbsentError, RefusedError
from msftk.interfaces import Aligner
from msftk.prosody import emphasis
from msftk.registry import registry
from msftk.speech.alignment import read_alignment
from msftk.speech.audio import load_audio
from msftk.speech.transcript import words_of
from msftk.types import SAMPLE_RATE_HZ, Alignment, Float32
from msftk_ext import ctc

WRONG_TEXTS = 3  # for each recording
NEAR_S = 0.05
DISTINCT = 4  # letters of a word that two texts must not share


@dataclass
class Measured:
    """Of one folder: recordings, those aligned, seconds, and what became of wrong texts."""

    n: int = 0
    aligned: int = 0
    audio_s: float = 0.0
    cpu_s: float = 0.0
    wrong: int = 0
    refused: int = 0
    start_s: list[float] = field(default_factory=list)  # found minus given, a word
    end_s: list[float] = field(default_factory=list)
    same_top: list[bool] = field(default_factory=list)
    in_segment: list[bool] = field(default_factory=list)
    chance: list[float] = field(default_factory=list)


def measure(folder: Path, aligner: Aligner, by_hand: bool) -> Measured:
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["language"] == "en"]
    random, found = np.random.default_rng(0), Measured(n=len(rows))
    for row in rows:
        waveform = load_audio(folder / row["file"])
        found.audio_s += len(waveform) / SAMPLE_RATE_HZ
        begun = time.process_time()
        made = align(aligner, waveform, row["transcript"])
        found.cpu_s += time.process_time() - begun
        if made is not None:
            found.aligned += 1
            if by_hand:
                compare(found, waveform, read_alignment(folder / "words.csv", row["id"]), made)
        others = [other["transcript"] for other in rows if apart(other["transcript"], row["transcript"])]
        for text in random.choice(others, min(WRONG_TEXTS, len(others)), replace=False):
            found.wrong += 1
            found.refused += align(aligner, waveform, str(text)) is None
    return found


def align(aligner: Aligner, waveform: Float32, text: str) -> Alignment | None:
    try:
        return aligner.align(waveform, SAMPLE_RATE_HZ, text, "en")
    except RefusedError:
        return None


def apart(one: str, other: str) -> bool:
    """Whether two texts share no longer word."""
    first, second = ({w.lower() for w in words_of(text) if len(w) >= DISTINCT} for text in (one, other))
    return not first & second


def compare(found: Measured, waveform: Float32, given: Alignment, made: Alignment) -> None:
    """Times of every word, and which word LEMf puts first by either alignment."""
    spoken = given.words.spoken
    found.start_s += (made.words.start_s - given.words.start_s[spoken]).tolist()
    found.end_s += (made.words.end_s - given.words.end_s[spoken]).tolist()
    first, second = (emphasis(waveform, SAMPLE_RATE_HZ, alignment) for alignment in (given, made))
    found.same_top.append(first.top == second.top)
    found.in_segment.append(first.first <= second.top <= first.last)
    found.chance.append(1 / len(made.words))


def path_speed(n_frames: int, n_labels: int) -> tuple[float, float]:
    """CPU seconds of the kernel and of NumPy for one utterance."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 3, (n_frames, 32))
    log_p = (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)
    labels = random.integers(1, 32, n_labels)
    first, last, score, total = labels.copy(), labels.copy(), np.zeros(n_labels), np.zeros(1)
    offsets = np.array([0, n_labels])
    ours = cpu_s(lambda: ctc.best_paths([log_p], labels, offsets, 0, first, last, score, total))
    theirs = cpu_s(lambda: best_path(log_p, labels, 0))
    assert (first == best_path(log_p, labels, 0)[0]).all()
    return ours, theirs


def cpu_s(call: Callable[[], object], at_least_s: float = 1.0) -> float:
    """Mean over as many calls as take a second."""
    n, begun = 0, time.process_time()
    while (spent := time.process_time() - begun) < at_least_s or n == 0:
        call()
        n += 1
    return spent / n


def show(console: Console, measured: Mapping[str, Measured], aligner: str) -> None:
    table = Table("folder", title=aligner, box=None, title_justify="left")
    for heading in ("aligned", "times real time", "wrong texts refused"):
        table.add_column(heading, justify="right")
    for name, one in measured.items():
        speed = one.audio_s / one.cpu_s if one.cpu_s else np.nan
        refused = f"{one.refused} of {one.wrong}" if one.wrong else ""
        table.add_row(name, f"{one.aligned} of {one.n}", f"{speed:.0f}", refused)
    console.print(table)
    hand = next(iter(measured.values()))
    if not hand.aligned:
        return
    for what, off_s in (("start", np.abs(hand.start_s)), ("end", np.abs(hand.end_s))):
        near = (off_s <= NEAR_S).mean()
        console.print(f"{what}: median {np.median(off_s) * 1000:.1f} ms off, {near:.1%} within {NEAR_S * 1000:.0f} ms")
    console.print(
        f"LEMf's top word: as by hand in {np.mean(hand.same_top):.1%} of {len(hand.same_top)} sentences, in the segment"
        f" by hand in {np.mean(hand.in_segment):.1%} (as by hand by chance: {np.mean(hand.chance):.1%})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--aligner", default="pocketsphinx")
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE", help="of the aligner")
    arguments = parser.parse_args()
    aligner = registry().create("aligner", arguments.aligner, dict(one.split("=", 1) for one in arguments.set))
    console = Console(width=120)
    folders = [name for name in ("timit-sample", "prompts", "emotale", "ravdess") if (arguments.data / name).is_dir()]
    try:
        measured = {name: measure(arguments.data / name, aligner, name == "timit-sample") for name in folders}
    except AbsentError as error:
        parser.error(str(error))
    show(console, measured, arguments.aligner)
    speed = Table("frames", "labels", title="CTC path, one core", box=None, title_justify="left")
    for heading in ("kernel ms", "NumPy ms", "ratio", "s of audio a CPU s"):
        speed.add_column(heading, justify="right")
    for n_frames, n_labels in ((150, 40), (300, 80), (500, 100), (1500, 400), (6000, 1500)):
        ours, theirs = path_speed(n_frames, n_labels)
        row = (f"{ours * 1e3:.3f}", f"{theirs * 1e3:.1f}", f"{theirs / ours:.0f}", f"{n_frames / 50 / ours:.0f}")
        speed.add_row(str(n_frames), str(n_labels), *row)
    console.print(speed)


if __name__ == "__main__":
    main()
