"""F0: our Harvest kernel beside pyworld.harvest and its peers in one run: speed, equality, rates, threads, memory.

    python benchmarks/f0.py --data DIR [--seconds 25] [--repeats 3] [--every 1]

DIR holds the sets timit-sample, emodb, planted-msp and prompts (those that are missing are left out). Speed is CPU time
of one core, engines round-robin over the same files, each file's minimum of the repeats; --seconds of audio per set.
Equality is judged on every --every-th file, on the 1 ms grid; frames whose 50 ms lie below -85 dBFS stand apart, beside
what pyworld itself changes there when noise at -160 dBFS is added, and beside the share of zeros that were appended to
the file (EmoDB's copy pads to 2 s). Words are judged where there are alignments, by what LEMf makes of either F0.
Praat and pYIN join if parselmouth and librosa (`pip install -e '.[bench]'`) are installed.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from rich.console import Console
from rich.table import Table
from scipy.signal import resample_poly

from msftk.prosody import RaggedWords, lemf_batch
from msftk.prosody.f0 import F0_CEIL_HZ, F0_FLOOR_HZ
from msftk.registry import registry
from msftk.speech.alignment import make_alignment, make_tier, read_alignment
from msftk.types import Alignment
from msftk_ext import harvest as kernel
from msftk_ext.simd import widths

SETS = ("timit-sample", "emodb", "planted-msp", "prompts")
BITS = {"scalar": 128, "avx2": 256, "avx512": 512}
QUIET_DBFS = -85.0
SAME_CENTS = 0.1
CORPUS_H = 324  # MSP-Podcast 2.0
Engine = Callable[[np.ndarray, int], np.ndarray]

MEMORY = """
import resource, sys, numpy as np, soundfile
from msftk.prosody import harvest
parts = [soundfile.read(path, dtype="float32")[0] for path in sys.argv[1:]]
minutes = np.empty(3600 * 16000, np.float32)
filled = 0
while filled < len(minutes):
    for part in parts:
        minutes[filled:filled + len(part)] = part[: len(minutes) - filled]
        filled = min(filled + len(part), len(minutes))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
harvest(minutes, 16000)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def ours(width: str) -> Engine:
    def f0_hz(samples: np.ndarray, rate_hz: int) -> np.ndarray:
        found = np.empty(kernel.frames(len(samples), rate_hz, 1.0))
        kernel.f0(samples, rate_hz, F0_FLOOR_HZ, F0_CEIL_HZ, found, width)
        return found

    return f0_hz


def pyworld_harvest(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    import pyworld

    f0_hz, _ = pyworld.harvest(samples.astype(np.float64), rate_hz, F0_FLOOR_HZ, F0_CEIL_HZ, frame_period=1.0)
    return f0_hz


def engines() -> dict[str, Engine]:
    """The reference first."""
    named: dict[str, Engine] = {"pyworld.harvest": pyworld_harvest}
    named |= {f"msftk ({width}, {BITS[width]} bit)": ours(width) for width in reversed(widths())}
    named["dio + stonemask"] = registry().create("f0-engine", "dio", {}).f0_hz
    if find_spec("parselmouth"):
        for method in ("ac", "cc"):
            named[f"praat {method}"] = registry().create("f0-engine", "praat", {"method": method}).f0_hz
    if find_spec("librosa"):
        named["librosa pYIN"] = pyin
        pyin(np.zeros(8_000, dtype=np.float32), 16_000)  # compiles
    return named


def pyin(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    import librosa

    return librosa.pyin(samples, fmin=F0_FLOOR_HZ, fmax=F0_CEIL_HZ, sr=rate_hz, hop_length=rate_hz // 200)[0]


def sounds(folder: Path, seconds: float | None = None, every: int = 1) -> dict[Path, np.ndarray]:
    """Files spread over the set, up to so many seconds."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".wav", ".flac"))[::every]
    if seconds is not None:
        step = max(1, round(len(paths) * np.mean([soundfile.info(p).duration for p in paths]) / seconds))
        paths = paths[::step]
    return {path: soundfile.read(path, dtype="float32")[0] for path in paths}


def alignments(folder: Path) -> dict[str, Alignment]:
    """By the stem of the sound: the TextGrids of an MSP-Podcast tree, or words.csv and phones.csv."""
    if not (folder / "words.csv").is_file():
        return {grid.stem: read_alignment(grid) for grid in (folder / "ForceAligned").glob("*.TextGrid")}
    rows: dict[str, dict[str, list[tuple[float, float, str]]]] = {}
    for tier, columns in (("words", ("word",)), ("phones", ("phone", "label"))):
        with (folder / f"{tier}.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                label = next(row[column] for column in columns if column in row)
                of_id = rows.setdefault(row["id"], {"words": [], "phones": []})
                of_id[tier].append((float(row["start"]), float(row["end"]), label))
    return {
        name: make_alignment(*(make_tier(*zip(*tiers[tier], strict=True)) for tier in ("words", "phones")), name)
        for name, tiers in rows.items()
        if tiers["words"] and tiers["phones"]
    }


def cpu_s(engine: Engine, samples: np.ndarray, rate_hz: int) -> float:
    start = time.thread_time()
    engine(samples, rate_hz)
    return time.thread_time() - start


def speed(data: Path, sets: list[str], seconds: float, repeats: int) -> Table:
    table = Table("set", "engine", "ms CPU per s", "ratio", "worst file", f"CPU h for {CORPUS_H} h", title="Speed")
    for name in sets:
        files, named = list(sounds(data / name, seconds).values()), engines()
        took = {engine: np.full(len(files), np.inf) for engine in named}
        for _ in range(repeats):
            for i, samples in enumerate(files):
                for engine, run in named.items():
                    for _ in range(2):  # in a row: none shall pay for the caches that the one before it left
                        took[engine][i] = min(took[engine][i], cpu_s(run, samples, 16_000))
        duration_s, reference = sum(map(len, files)) / 16_000, took["pyworld.harvest"]
        for engine, best in took.items():
            per_s = best.sum() / duration_s
            ratio, worst = reference.sum() / best.sum(), (reference / best).min()
            table.add_row(name, engine, f"{per_s * 1e3:.2f}", f"{ratio:.3g}", f"{worst:.3g}", f"{per_s * CORPUS_H:.1f}")
        table.add_section()
    return table


def quiet_frames(samples: np.ndarray, frames: int, rate_hz: int = 16_000) -> np.ndarray:
    """Whether the 50 ms about each frame lie below -85 dBFS."""
    energy = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    centre = np.arange(frames) * rate_hz // 1000
    first, end = np.clip(centre - rate_hz // 40, 0, len(samples)), np.clip(centre + rate_hz // 40, 0, len(samples))
    return (energy[end] - energy[first]) / np.maximum(end - first, 1) < 10 ** (QUIET_DBFS / 10)


def flips_and_cents(found: np.ndarray, expected: np.ndarray, where: np.ndarray) -> tuple[int, float]:
    flips = (found > 0) != (expected > 0)
    both = (found > 0) & (expected > 0) & where
    cents = abs(1200 * np.log2(found[both] / expected[both])).max(initial=0.0)
    return int((flips & where).sum()), float(cents)


def appended(samples: np.ndarray, frames: int, rate_hz: int = 16_000) -> np.ndarray:
    """Whether each frame lies in the zeros after the last sound."""
    return np.arange(frames) * rate_hz // 1000 > np.flatnonzero(samples).max(initial=-1)


def equality(data: Path, sets: list[str], every: int) -> tuple[Table, Table]:
    """Frame by frame, and word by word."""
    frame_table = Table("set", "frames", "flips", "max cents", title="Equality with pyworld.harvest, 1 ms grid")
    for column in ("quiet share", "of it appended zeros", "flips in quiet", "pyworld's own in quiet"):
        frame_table.add_column(column)
    word_table = Table("set", "words", f"highest F0 within {SAME_CENTS} cent", "utterances", "same top word")
    best = ours(widths()[-1])
    for name in sets:
        frames = quiet_count = zeros = flips = quiet_flips = own_flips = 0
        worst = 0.0
        words, aligned = np.zeros(4, dtype=np.int64), alignments(data / name)
        for i, (path, samples) in enumerate(sounds(data / name, every=every).items()):
            expected, found = pyworld_harvest(samples, 16_000), best(samples, 16_000)
            quiet = quiet_frames(samples, len(found))
            changed, cents = flips_and_cents(found, expected, ~quiet)
            frames, quiet_count, flips = frames + len(found), quiet_count + int(quiet.sum()), flips + changed
            zeros, worst = zeros + int((quiet & appended(samples, len(found))).sum()), max(worst, cents)
            if quiet.any():
                quiet_flips += flips_and_cents(found, expected, quiet)[0]
                noise = 1e-8 * np.random.default_rng(i).standard_normal(len(samples))
                own_flips += flips_and_cents(pyworld_harvest(samples + noise, 16_000), expected, quiet)[0]
            if path.stem in aligned:
                words += same_words(samples, aligned[path.stem], found, expected)
        frame_table.add_row(
            name, str(frames), str(flips), f"{worst:.5f}",
            f"{quiet_count / frames:.2%}", f"{zeros / frames:.2%}", str(quiet_flips), str(own_flips),
        )  # fmt: skip
        word_table.add_row(name, *map(str, words))
    return frame_table, word_table


def same_words(samples: np.ndarray, aligned: Alignment, found: np.ndarray, expected: np.ndarray) -> list[int]:
    """Words, words of the same highest F0 (or unvoiced by both), 1, and 1 if both F0 have the same top word."""
    words = RaggedWords.of([aligned])
    if not len(words.start_us):
        return [0, 0, 0, 0]
    one, other = (lemf_batch([samples], [np.ascontiguousarray(f0[::5])], words) for f0 in (found, expected))
    near = abs(one.log_f0 - other.log_f0) <= SAME_CENTS * np.log(2) / 1200
    same = near | (np.isnan(one.log_f0) & np.isnan(other.log_f0))
    return [len(same), int(same.sum()), 1, int(one.top[0] == other.top[0])]


def rates(data: Path, repeats: int) -> Table:
    table = Table("sample rate", "ms CPU per s", "ratio", "flips", "max cents", title="Other sample rates (prompts)")
    files, best = list(sounds(data / "prompts", 12.0).values()), ours(widths()[-1])
    for rate_hz in (8_000, 16_000, 22_050, 44_100, 48_000):
        common = gcd(rate_hz, 16_000)
        heard = [resample_poly(x, rate_hz // common, 16_000 // common).astype(np.float32) for x in files]
        took = {
            run: sum(min(cpu_s(run, x, rate_hz) for _ in range(repeats)) for x in heard)
            for run in (pyworld_harvest, best)
        }
        same = [flips_and_cents(best(x, rate_hz), pyworld_harvest(x, rate_hz), np.True_) for x in heard]
        per_s = took[best] / sum(len(x) / rate_hz for x in heard)
        table.add_row(
            str(rate_hz), f"{per_s * 1e3:.2f}", f"{took[pyworld_harvest] / took[best]:.1f}",
            str(sum(flips for flips, _ in same)), f"{max(cents for _, cents in same):.5f}",
        )  # fmt: skip
    return table


def threads(data: Path, name: str) -> Table:
    """Wall time in a pool; on a machine with other work the gain reads low."""
    table = Table("engine", "1 thread, s", "2 threads, s", "gain", title=f"Threads over files ({name})")
    files = sorted(sounds(data / name).values(), key=len, reverse=True)
    for engine, run, heard in (
        ("msftk", ours(widths()[-1]), files * 5),
        ("pyworld.harvest", pyworld_harvest, files[::4]),
    ):
        wall = []
        for workers in (1, 2):
            with ThreadPoolExecutor(workers) as pool:
                start = time.perf_counter()
                list(pool.map(lambda x, run=run: run(x, 16_000), heard))
                wall.append(time.perf_counter() - start)
        table.add_row(engine, f"{wall[0]:.2f}", f"{wall[1]:.2f}", f"{wall[0] / wall[1]:.2f}")
    return table


def memory_mib(data: Path, name: str) -> float:
    """Peak above the input array and the imported process, 60 minutes of the set's files end to end."""
    paths = [str(path) for path in sorted((data / name).rglob("*.flac"))]
    said = subprocess.run([sys.executable, "-c", MEMORY, *paths], check=True, capture_output=True, text=True)
    return float(said.stdout)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True)
    asked.add_argument("--seconds", type=float, default=25.0)
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--every", type=int, default=1)
    given = asked.parse_args()
    console = Console(width=130)
    sets = [name for name in SETS if (given.data / name).is_dir()]
    console.print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; kernels: {', '.join(widths())}")
    console.print(speed(given.data, sets, given.seconds, given.repeats))
    for table in equality(given.data, sets, given.every):
        console.print(table)
    if "prompts" in sets:
        console.print(rates(given.data, given.repeats))
    if "timit-sample" in sets:
        console.print(threads(given.data, "timit-sample"))
        console.print(
            f"Peak memory, 60 minutes: {memory_mib(given.data, 'timit-sample'):.0f} MiB above input and imports"
        )


if __name__ == "__main__":
    main()
