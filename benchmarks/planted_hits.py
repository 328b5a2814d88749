"""How often is the top word the stressed one? LEMf beside simpler rules, clean, in noise, and with blurred boundaries.

    python benchmarks/planted_hits.py --data DIR

DIR is planted-msp (with planted.csv, the truth). Noise is white, at an SNR over the whole utterance; jitter is normal,
on every word boundary (phones move with their words). Chance is 1 / words.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from msftk.prosody import emphasis, harvest
from msftk.registry import registry
from msftk.speech.alignment import read_alignment
from msftk.speech.audio import load_audio
from msftk.types import SAMPLE_RATE_HZ, Alignment, Emphasis, Float32, Tier, Utterance

CONDITIONS: dict[str, tuple[float | None, float]] = {
    "clean": (None, 0.0),
    "20 dB": (20.0, 0.0),
    "10 dB": (10.0, 0.0),
    "5 dB": (5.0, 0.0),
    "jitter 20 ms": (None, 0.02),
    "jitter 50 ms": (None, 0.05),
}
FUNCTION_WORDS = {
    *("a", "an", "the", "my", "your", "our", "their", "his", "her", "its", "this", "that", "each", "every", "some"),
    *("one", "and", "or", "of", "in", "on", "at", "by", "to"),
}
RULES: dict[str, Callable[[Emphasis], int]] = {
    "LEMf": lambda found: found.top,
    "longest word": lambda found: int(np.argmax(found.prosody.end_s - found.prosody.start_s)),
    "last content word": lambda found: max(i for i, w in enumerate(found.prosody.words) if w not in FUNCTION_WORDS),
    "pitch alone": lambda found: int(np.argmax(np.nan_to_num(found.prosody.log_f0, nan=-np.inf))),
    "energy alone": lambda found: int(np.argmax(found.prosody.energy)),
    "phone duration alone": lambda found: int(np.argmax(found.prosody.phone_duration_s)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="planted-msp folder")
    arguments = parser.parse_args()
    reading = registry().create("corpus", "msp-podcast").read(arguments.data)
    with (arguments.data / "planted.csv").open() as file:
        truth = {row["id"]: int(row["emphasised_index"]) for row in csv.DictReader(file)}
    aligned = [u for u in reading.utterances if u.alignment is not None]
    table = Table("rule", *CONDITIONS, title=f"share of {len(aligned)} utterances whose top word is the stressed one")
    columns = {name: hit_rates(aligned, truth, *condition) for name, condition in CONDITIONS.items()}
    for rule in (*RULES, "chance"):
        table.add_row(rule, *(f"{column[rule]:.2f}" for column in columns.values()))
    Console(width=110).print(table)


def hit_rates(
    utterances: Iterable[Utterance], truth: dict[str, int], snr_db: float | None, jitter_s: float
) -> dict[str, float]:
    """Rule -> share of hits in one condition; the same noise in every run."""
    random = np.random.default_rng(0)
    hits: Counter[str] = Counter()
    n = 0
    for utterance in utterances:
        waveform = with_noise(load_audio(utterance.audio), snr_db, random)
        alignment = jittered(read_alignment(utterance.alignment, utterance.id), jitter_s, random)  # type: ignore[arg-type]
        f0_hz = harvest(waveform, SAMPLE_RATE_HZ)
        found = emphasis(waveform, SAMPLE_RATE_HZ, alignment, f0_hz=f0_hz)
        for name, rule in RULES.items():
            hits[name] += rule(found) == truth[utterance.id]
        hits["chance"] += 1 / len(found.score)  # type: ignore[assignment]
        n += 1
    return {name: hits[name] / n for name in (*RULES, "chance")}


def with_noise(waveform: Float32, snr_db: float | None, random: np.random.Generator) -> Float32:
    if snr_db is None:
        return waveform
    sigma = np.sqrt(np.mean(waveform**2) / 10 ** (snr_db / 10))
    return (waveform + random.normal(0, sigma, len(waveform))).astype(np.float32)


def jittered(alignment: Alignment, jitter_s: float, random: np.random.Generator) -> Alignment:
    """Moves each boundary between words, at most to the middle of the shorter neighbour, and its phones with it."""
    if jitter_s == 0:
        return alignment
    words = alignment.words
    edges = np.append(words.start_s, words.end_s[-1])
    room = np.minimum(np.diff(edges)[:-1], np.diff(edges)[1:]) / 2
    moved = edges.copy()
    moved[1:-1] += np.clip(random.normal(0, jitter_s, len(edges) - 2), -room, room)

    def warp(times_s: np.ndarray) -> np.ndarray:
        return np.interp(times_s, edges, moved)

    def warped(tier: Tier) -> Tier:
        return replace(tier, start_s=warp(tier.start_s), end_s=warp(tier.end_s))

    return replace(alignment, words=warped(words), phones=warped(alignment.phones))


if __name__ == "__main__":
    main()
