"""Time and memory of a corpus of many utterances: manifest, doctor, resumed extraction, start of training.

    python benchmarks/scale.py DIR [--utterances 20000 200000] [--sources gs] [--out results/scale-cpu.md]

DIR takes the corpora and their stores (2 GB for 200,000 utterances); what lies there is used again. A corpus is
segments of 0.2 s out of long WAV files of noise and tones, with 500 speakers, 300 transcripts, five raters an utterance
and, where a source needs them, a table of two words an utterance. Its first extraction is not part of the table. Each
row is a process of its own: seconds of the processor (the machine may have other work) and the largest resident memory,
Python and libraries included; training ends when its first step is done.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import soundfile

from msftk.store.manifest import Manifest, write_manifest
from msftk.types import ATTRIBUTES, AudioStamp, RaterRating, RatingScale, Utterance

SECONDS = 0.2
A_FILE = 2000  # utterances
N_SPEAKERS, N_TRANSCRIPTS, N_RATERS = 500, 300, 5
COMMAND = "from msftk.cli.app import main; main()"
READ = "import sys; from msftk.store.manifest import read_manifest; read_manifest(sys.argv[1])"
TRAIN = """
import os, sys
from msftk.settings import load_settings
from msftk.recipes.train import train

def stop(progress):
    if progress.stage == "training":  # told after a step
        os._exit(0)

settings = load_settings("tiny", flags={"semantics": tuple(sys.argv[4].split(","))})
train(sys.argv[1], settings, sys.argv[3], store=sys.argv[2], device="cpu", progress=stop, workers=2)
"""


def make_corpus(folder: Path, n: int, with_words: bool) -> None:
    """Writes the sound, the words and the manifest of `n` utterances."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = ("the", "a", "day", "night", "sun", "never", "always", "why", "home", "dog", "river", "tells", "angry")
    texts = [" ".join(rng.choice(vocabulary, size=rng.integers(3, 12))) for _ in range(N_TRANSCRIPTS)]
    files = [_write_sound(folder / f"{k}.wav", rng) for k in range(-(-n // A_FILE))]
    stamps = [AudioStamp.of(path) for path in files]
    words = folder / "words.csv"
    if with_words:
        rows = (f"u{k},0,0.1,{texts[k % N_TRANSCRIPTS].split()[0]}\nu{k},0.1,0.2,home\n" for k in range(n))
        words.write_text("id,start,end,word\n" + "".join(rows))
    utterances = []
    for k in range(n):
        ratings = dict(zip(ATTRIBUTES, rng.uniform(1, 7, 3).round(2).tolist(), strict=True))
        raters = tuple(
            RaterRating(f"r{(k + j) % 200}", {name: float(np.clip(round(x), 1, 7)) for name, x in ratings.items()})
            for j in range(N_RATERS)
        )
        speaker, file, place = k % N_SPEAKERS, k // A_FILE, k % A_FILE
        utterances.append(
            Utterance(
                f"u{k}",
                files[file],
                start_s=place * SECONDS,
                end_s=(place + 1) * SECONDS,
                speaker=f"s{speaker}",
                transcript=texts[k % N_TRANSCRIPTS],
                alignment=words if with_words else None,
                split="train" if speaker < 350 else "dev" if speaker < 420 else "test",
                ratings=ratings,
                rater_ratings=raters,
                duration_s=SECONDS,
                audio_sha256=f"{file:064x}",
                audio_stamp=stamps[file],
            )
        )
    write_manifest(Manifest("many", RatingScale(1, 7), utterances), folder / "manifest.parquet")


def _write_sound(path: Path, rng: np.random.Generator) -> Path:
    time_s = np.arange(int(A_FILE * SECONDS * 16_000) + 1600) / 16_000
    sound = 0.2 * np.sin(2 * np.pi * rng.uniform(90, 300) * time_s) + 0.02 * rng.standard_normal(len(time_s))
    soundfile.write(path, sound, 16_000)
    return path


def measured(code: str, *arguments: object) -> tuple[float, float]:
    """Processor seconds and largest memory in MB of a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"},  # as the command line sets it
    )
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):  # 1: the doctor finds something
        raise SystemExit(f"ended with {os.waitstatus_to_exitcode(status)}: {' '.join(map(str, arguments))}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def rows(folder: Path, n: int, sources: str) -> dict[str, tuple[float, float]]:
    place = folder / f"{n}-{sources.replace(',', '-')}"
    manifest, store = place / "manifest.parquet", place / "store"
    if not manifest.exists():  # in a process of its own: the others would begin with its memory
        making = multiprocessing.Process(target=make_corpus, args=(place, n, sources != "gs"))
        making.start()
        making.join()
    extract = ("extract", manifest, "--store", store, "--preset", "tiny", "--semantics", sources, "--workers", 2)
    measured(COMMAND, *extract)
    measured(TRAIN, manifest, store, place / f"first-{time.time()}", sources)
    return {
        "read_manifest": measured(READ, manifest),
        "doctor": measured(COMMAND, "doctor", manifest, "--workers", 2),
        "extract, nothing to do": measured(COMMAND, *extract),
        "train, to its first step": measured(TRAIN, manifest, store, place / f"run-{time.time()}", sources),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--utterances", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--sources", default="gs", help="semantic sources, e.g. gs,les,es")
    parser.add_argument("--out", type=Path, help="a page that the table is appended to")
    given = parser.parse_args()
    found = {n: rows(given.folder, n, given.sources) for n in given.utterances}
    lines = ["", f"Semantics {given.sources}:", "", "| | utterances | processor, s | memory, MB |", "|---|---|---|---|"]
    for what in found[given.utterances[0]]:
        lines += [f"| {what} | {n:,} | {used[what][0]:.1f} | {used[what][1]:.0f} |" for n, used in found.items()]
    print("\n".join(lines))
    if given.out:
        with given.out.open("a") as page:
            page.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
