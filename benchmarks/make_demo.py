"""Makes msftk/demo: a fixed part of the planted corpus and the real recordings of `prompts`, as package data.

    python benchmarks/make_demo.py --data DIR        # DIR holds planted-msp/ and prompts/

The part is a rule, not a draw: in each split all utterances whose stressed word is neutral, and as many pleasant as
unpleasant ones, taken in turn from the cells (speaker, planted dominance), the shortest of each cell first. Dominance
is tempo there, so taking the shortest of all would leave out the slow. The truth (planted.csv) does not go into the
package: what stays of it for tests is tests/fixtures/planted.csv.
"""

from __future__ import annotations

import argparse
import csv
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from pathlib import Path

import soundfile

from msftk.registry import registry
from msftk.speech.alignment import read_alignment
from msftk.types import ATTRIBUTES, Alignment, Tier, Utterance

PER_SPLIT = {"train": 114, "dev": 34, "test1": 40}
TEXTS = ("speaker", "gender", "language", "transcript", "split", "category")
REPOSITORY = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds planted-msp and prompts")
    data = parser.parse_args().data
    demo = REPOSITORY / "msftk" / "demo"
    truth = read_rows(data / "planted-msp" / "planted.csv")
    corpus = registry().create("corpus", "msp-podcast").read(data / "planted-msp")
    chosen = choose(corpus.utterances, {row["id"]: row for row in truth})
    write_planted(chosen, demo)
    kept = {utterance.id for utterance in chosen}
    write_rows(REPOSITORY / "tests/fixtures/planted.csv", [row for row in truth if row["id"] in kept])
    copy_prompts(data / "prompts", demo / "prompts")
    seconds = sum(soundfile.info(utterance.audio).duration for utterance in chosen)
    print(f"{len(chosen)} utterances, {seconds:.0f} s")


def choose(utterances: Iterable[Utterance], truth: dict[str, dict[str, str]]) -> list[Utterance]:
    """The part, in corpus order."""
    utterances = list(utterances)
    kept: set[str] = set()
    for split, size in PER_SPLIT.items():
        by_valence = defaultdict(list)
        for utterance in utterances:
            if utterance.split == split:
                by_valence[truth[utterance.id]["valence"]].append(utterance)
        neutral = by_valence["0"]
        kept.update(utterance.id for utterance in neutral)
        for valence in ("-1", "1"):
            turns = in_turn(by_valence[valence], truth)
            kept.update(utterance.id for utterance in turns[: (size - len(neutral)) // 2])
    return [utterance for utterance in utterances if utterance.id in kept]


def in_turn(utterances: Iterable[Utterance], truth: dict[str, dict[str, str]]) -> list[Utterance]:
    """One of each cell (speaker, planted dominance), shortest first, then the next of each."""
    cells = defaultdict(list)
    for utterance in sorted(utterances, key=lambda u: (soundfile.info(u.audio).frames, u.id)):
        voice = utterance.id.split("_")[1]  # the id knows the voice where the label says Unknown
        cells[voice, truth[utterance.id]["dominance"]].append(utterance)
    return [one for one in chain(*zip_longest(*(cells[key] for key in sorted(cells)))) if one is not None]


def write_planted(utterances: Sequence[Utterance], demo: Path) -> None:
    """manifest.csv, ratings.csv, words.csv, phones.csv and audio/*.flac: the form that corpus `csv` reads."""
    shutil.rmtree(demo / "audio", ignore_errors=True)
    (demo / "audio").mkdir(parents=True)
    rows, raters, words, phones = [], [], [], []
    for utterance in utterances:
        waveform, rate_hz = soundfile.read(utterance.audio, dtype="int16")
        soundfile.write(demo / "audio" / f"{utterance.id}.flac", waveform, rate_hz, compression_level=1.0)
        rows.append(
            {"id": utterance.id, "file": f"audio/{utterance.id}.flac"}
            | {
                name: getattr(utterance, name) or ""
                for name in ("speaker", "gender", "language", "transcript", "split")
            }
            | {"category": utterance.category or ""}
            | {name: f"{(utterance.ratings or {})[name]:g}" for name in ATTRIBUTES}
        )
        for one in utterance.rater_ratings or ():
            ratings = {name: f"{one.ratings[name]:g}" for name in ATTRIBUTES}
            raters.append({"id": utterance.id, "rater": one.rater, **ratings})
        if utterance.alignment is not None:
            alignment: Alignment = read_alignment(utterance.alignment)
            words += intervals(utterance.id, alignment.words, "word")
            phones += intervals(utterance.id, alignment.phones, "phone")
    for name, table in (("manifest", rows), ("ratings", raters), ("words", words), ("phones", phones)):
        write_rows(demo / f"{name}.csv", table)


def intervals(utterance_id: str, tier: Tier, label: str) -> list[dict[str, str]]:
    """Spoken intervals of a tier as rows of a table."""
    times = zip(tier.start_s, tier.end_s, tier.labels, tier.spoken, strict=True)
    spoken = [(start_s, end_s, text) for start_s, end_s, text, is_spoken in times if is_spoken]
    return [
        {"id": utterance_id, "index": str(index), "start": f"{start_s:.4f}", "end": f"{end_s:.4f}", label: text}
        for index, (start_s, end_s, text) in enumerate(spoken)
    ]


def copy_prompts(source: Path, target: Path) -> None:
    """The recordings and their tables as they are; README.md there is ours."""
    (target / "audio").mkdir(parents=True, exist_ok=True)
    for path in [*sorted(source.glob("*.csv")), *sorted(source.glob("audio/*.flac"))]:
        shutil.copyfile(path, target / path.relative_to(source))


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: Sequence[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
