"""Whole LEMf, decoding and TextGrids included: pyworld, batched numpy.fft.rfft and praatio against msftk.

    python benchmarks/lemf.py --data DIR [--files 12] [--repeats 3]

DIR holds `planted-msp` (an MSP-Podcast tree with WAV and TextGrids), `timit-sample` (FLAC with words.csv and
phones.csv, which are written as TextGrids first), `prompts` and `emodb`. Peer and msftk run in turn on the same files
in one process on one core, CPU time, minimum of the repeats; each ratio stands beside what it was measured with.
The last table runs msftk's corpus work on timit-sample, five times over, in one and in two threads, and pyworld's.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyworld
import soundfile
from praatio import textgrid as praatio
from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.textgrid import Textgrid
from rich.console import Console
from rich.table import Table

from msftk.prosody import RaggedWords, harvest, lemf_batch
from msftk.prosody.f0 import simd
from msftk.prosody.ragged import HANN, HANN32, HOP, WINDOW, frame_count
from msftk.speech.alignment import is_spoken, read_alignment
from msftk.speech.audio import load_audio
from msftk.types import Float64
from msftk_ext import prosody as kernels
from msftk_ext.textgrid import scan

SETS = ("timit-sample", "planted-msp", "prompts", "emodb")
GROUP = 8  # files of one task in threads
WARM = 20  # energy of a waveform is taken so often in a row: it has just been decoded, so it lies in the cache
CORPUS_S = 324 * 3600.0  # MSP-Podcast 1.12


@dataclass(frozen=True)
class Pair:
    """A recording and its TextGrid."""

    audio: Path
    grid: Path
    duration_s: float


def ours(pairs: Sequence[Pair]) -> list[int]:
    """The top words, found in the steps of the corpus job: each over a whole group of files."""
    alignments = [read_alignment(pair.grid) for pair in pairs]
    waveforms = [load_audio(pair.audio) for pair in pairs]
    f0_hz = [harvest(waveform, 16_000) for waveform in waveforms]
    return lemf_batch(waveforms, f0_hz, RaggedWords.of(alignments)).top.tolist()


def peer(pair: Pair) -> int:
    """The same in NumPy, as one would write it on top of pyworld and praatio."""
    grid = praatio.openTextgrid(str(pair.grid), includeEmptyIntervals=False)
    words = [entry for entry in grid.getTier("words").entries if is_spoken(entry.label)]
    phones = [entry for entry in grid.getTier("phones").entries if is_spoken(entry.label)]
    samples, rate_hz = soundfile.read(pair.audio)
    f0_hz, at_s = pyworld.harvest(samples, rate_hz)
    energies = batched_rfft(samples)
    centre_s = (np.arange(len(energies)) + 1) * HOP / rate_hz
    phone_s = np.array([(phone.start + phone.end) / 2 for phone in phones])
    length_s = np.array([phone.end - phone.start for phone in phones])
    raw = np.empty((3, len(words)))
    for i, word in enumerate(words):
        inside = f0_hz[(at_s >= word.start - 1e-9) & (at_s < word.end - 1e-9)]
        raw[0, i] = np.log(inside.max()) if inside.size and inside.max() > 0 else np.nan
        frames = energies[(centre_s >= word.start - 1e-9) & (centre_s < word.end - 1e-9)]
        middle = np.argmin(np.abs(centre_s - (word.start + word.end) / 2))
        raw[1, i] = frames.mean() if frames.size else energies[middle]
        own = length_s[(phone_s >= word.start) & (phone_s < word.end)]
        raw[2, i] = own.mean() if own.size else (word.end - word.start) / max(1, sum(map(str.isalnum, word.label)))
    return int((np.array([1.0, 1.2, 0.8]) @ [z(feature) for feature in raw]).argmax())


def z(feature: Float64) -> Float64:
    known = ~np.isnan(feature)
    spread = feature[known].std() if known.any() else 0.0
    return np.where(known, (feature - feature[known].mean()) / spread, 0.0) if spread > 0 else np.zeros(len(feature))


def batched_rfft(samples: np.ndarray) -> np.ndarray:
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP] * HANN.astype(samples.dtype)
    return np.linalg.norm(np.fft.rfft(frames, axis=1), axis=1)


def fast_energy(samples: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Into memory that is there, as in the corpus job."""
    kernels.frame_energy_fast(samples, HANN32, energy)
    return energy


def cpu_s(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def in_turn(repeats: int, *works: Callable[[], object]) -> list[float]:
    """Least CPU seconds of each, run round-robin."""
    return np.min([[cpu_s(work) for work in works] for _ in range(repeats)], axis=0).tolist()


def whole(name: str, pairs: Sequence[Pair], repeats: int, table: Table) -> None:
    seconds = sum(pair.duration_s for pair in pairs)
    differ = sum(one != other for one, other in zip(ours(pairs), map(peer, pairs), strict=True))
    theirs_s, ours_s = in_turn(repeats, lambda: [peer(pair) for pair in pairs], lambda: ours(pairs))
    table.add_row(
        f"whole LEMf, {name}",
        f"{len(pairs)} files, {seconds:.0f} s",
        f"{theirs_s / seconds * 1e3:.1f}",
        f"{ours_s / seconds * 1e3:.2f}",
        f"{theirs_s / ours_s:.1f}; top word differs in {differ}",
    )
    hours = CORPUS_S / seconds / 3600
    table.add_row("  CPU hours for 324 h", "", f"{theirs_s * hours:.0f}", f"{ours_s * hours:.1f}", "")


def energy(name: str, paths: Sequence[Path], repeats: int, table: Table) -> None:
    """Norms of the same windowed frames: batched rfft in float32 and, as soundfile gives samples, in float64."""
    files = [load_audio(path) for path in paths]
    seconds = sum(map(len, files)) / 16_000
    for what, singles in (("all frames at once", [np.concatenate(files)]), ("file by file", files)):
        rooms = [np.empty(frame_count(len(single))) for single in singles]
        doubles = [single.astype(np.float64) for single in singles]
        expected = np.concatenate([batched_rfft(double) for double in doubles])
        found = np.concatenate([fast_energy(single, room) for single, room in zip(singles, rooms, strict=True)])
        error = np.abs(found - expected)[expected > 0] / expected[expected > 0]
        single_s, double_s, ours_s = in_turn(
            6 * repeats,
            lambda singles=singles: [batched_rfft(single) for single in singles for _ in range(WARM)],
            lambda doubles=doubles: [batched_rfft(double) for double in doubles for _ in range(WARM)],
            lambda both=list(zip(singles, rooms, strict=True)): [
                fast_energy(single, room) for single, room in both for _ in range(WARM)
            ],
        )
        table.add_row(
            f"energy, {name}, {what}",
            f"{len(files)} files, {seconds:.0f} s",
            f"{single_s / seconds / WARM * 1e3:.3f}",
            f"{ours_s / seconds / WARM * 1e3:.5f}",
            f"{single_s / ours_s:.0f}, rfft in float64 {double_s / ours_s:.0f}; relative error to {error.max():.0e}",
        )


def scanner(name: str, pairs: Sequence[Pair], repeats: int, table: Table) -> None:
    differ = 0
    for pair in pairs:
        theirs = praatio.openTextgrid(str(pair.grid), includeEmptyIntervals=True)
        for tier, times_s, labels in scan(pair.grid.read_bytes()):
            entries = [(e.start, e.end, e.label) for e in theirs.getTier(tier).entries]
            differ += entries != list(zip(*times_s, [label.strip() for label in labels], strict=True))
    bytes_each = np.mean([pair.grid.stat().st_size for pair in pairs])
    theirs_s, ours_s = in_turn(
        20 * repeats,
        lambda: [praatio.openTextgrid(str(pair.grid), includeEmptyIntervals=True) for pair in pairs],
        lambda: [scan(pair.grid.read_bytes()) for pair in pairs],
    )
    table.add_row(
        f"TextGrid scanner, {name}",
        f"{len(pairs)} files of {bytes_each / 1e3:.1f} kB",
        f"{theirs_s / len(pairs) * 1e3:.3f} ms a file",
        f"{ours_s / len(pairs) * 1e3:.4f} ms a file",
        f"{theirs_s / ours_s:.0f}; tiers that differ: {differ}",
    )


def threads(pairs: Sequence[Pair], repeats: int, times: int, console: Console) -> None:
    """Wall time of the whole, one and two threads in turn; the shortest of each. Work beside it makes the gain less."""
    table = Table("work in threads", "files", "1 thread s", "2 threads s", "ratio", box=None)
    jobs = sorted(list(pairs) * times, key=lambda pair: -pair.duration_s)
    groups = [jobs[i : i + GROUP] for i in range(0, len(jobs), GROUP)]
    systems = (
        ("msftk, whole LEMf", ours, groups, len(jobs)),
        ("pyworld.harvest, NumPy, praatio", peer, sorted(pairs, key=lambda pair: -pair.duration_s), len(pairs)),
    )
    for name, work, shares, n_files in systems:
        least = [float("inf")] * 2
        for _ in range(repeats):
            for i in range(2):
                begun = time.monotonic()
                with ThreadPoolExecutor(i + 1) as pool:
                    list(pool.map(work, shares))
                least[i] = min(least[i], time.monotonic() - begun)
        table.add_row(name, str(n_files), f"{least[0]:.2f}", f"{least[1]:.2f}", f"{least[0] / least[1]:.2f}")
    console.print(table)


def planted(data: Path, n: int) -> list[Pair]:
    audio = sorted((data / "planted-msp" / "Audios").glob("*.wav"))
    grids = {grid.stem: grid for grid in (data / "planted-msp" / "ForceAligned").glob("*.TextGrid")}
    both = [wav for wav in audio if wav.stem in grids]
    return [Pair(wav, grids[wav.stem], soundfile.info(wav).duration) for wav in spread(both, n)]


def timit(data: Path, n: int, folder: Path) -> list[Pair]:
    tiers: dict[str, dict[str, list[tuple[str, str, str]]]] = {}
    for tier, column in (("words", "word"), ("phones", "phone")):
        with (data / "timit-sample" / f"{tier}.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                of_id = tiers.setdefault(row["id"], {"words": [], "phones": []})
                of_id[tier].append((row["start"], row["end"], row[column]))
    pairs = []
    for flac in spread(sorted((data / "timit-sample" / "audio").glob("*.flac")), n):
        grid = Textgrid()
        duration_s = soundfile.info(flac).duration
        for tier, entries in tiers[flac.stem].items():
            grid.addTier(IntervalTier(tier, without_overlap(entries), 0, duration_s))
        grid.save(str(folder / f"{flac.stem}.TextGrid"), format="long_textgrid", includeBlankSpaces=True)
        pairs.append(Pair(flac, folder / f"{flac.stem}.TextGrid", duration_s))
    return pairs


def without_overlap(entries: Sequence[tuple[str, str, str]]) -> list[tuple[float, float, str]]:
    """TIMIT's words share phones; in a TextGrid a word ends where the next begins."""
    times = sorted((float(start), float(end), label) for start, end, label in entries)
    nexts = [start for start, _, _ in times[1:]] + [float("inf")]
    return [(start, min(end, after), label) for (start, end, label), after in zip(times, nexts, strict=True)]


def sounds(folder: Path, n: int) -> list[Path]:
    return spread(sorted(path for path in folder.rglob("*") if path.suffix in (".wav", ".flac")), n)


def spread(items: Sequence[Path], n: int) -> list[Path]:
    """n items, evenly over all."""
    return [items[i] for i in np.unique(np.linspace(0, len(items) - 1, min(n, len(items))).round().astype(int))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--files", type=int, default=12, help="of each set; the peer takes half a second a second")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--times", type=int, default=5, help="how often timit-sample is run over in threads")
    options = parser.parse_args()
    console = Console(width=160)
    console.print(f"vector width: {simd()}")
    table = Table("figure", "on", "peer ms/s", "msftk ms/s", "peer / msftk", box=None)
    with tempfile.TemporaryDirectory() as folder:
        sets = {
            "planted-msp": planted(options.data, options.files),
            "timit-sample": timit(options.data, options.files, Path(folder)),
        }
        for name, pairs in sets.items():
            whole(name, pairs, options.repeats, table)
        for name in SETS:
            energy(name, sounds(options.data / name, options.files), options.repeats, table)
        for name, n in (("planted-msp", 1000), ("timit-sample", 0)):
            scanner(name, planted(options.data, n) if n else sets[name], options.repeats, table)
        console.print(table)
        if options.times:
            threads(sets["timit-sample"], options.repeats, options.times, console)


if __name__ == "__main__":
    main()
