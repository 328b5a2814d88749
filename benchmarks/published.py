"""`msftk predict --model` beside each model's own published script, on the same weights: same numbers, and its speed.

    python benchmarks/published.py [--size tiny base] [--files 200] [--base-files 12] [--models NAME...] [--out FILE.md]

Weights are random, under the published names (tests/fixtures/published), in a folder as a user has it; sizes are those
of wav2vec2-base and whisper-base for "base". Files are of --seconds (5) at 16 kHz. The script reads and hears one file
at a time, as the models' cards show (tests/reference/published.py); msftk is given all of them at once, as a user
gives them. Models are loaded before the clock starts. Speed is seconds of audio a second of processor time over all
threads, to which other work on the machine adds little; both sides in turn, --repeats times, the faster of each. Of
--base-files at the base size a second of audio costs a fifth of one, so that all of it takes five minutes.

One file: the whole command `msftk predict --model FOLDER FILE` with all cores, and a prediction with the model loaded,
each in processor time and by the clock.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median

import numpy as np
import soundfile
import torch

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from published_models import NAMES, write_published  # noqa: E402 - tests lie beside
from reference.published import ORDER, published  # noqa: E402

from msftk.recipes.predict import load_model  # noqa: E402
from msftk.store.memory import MemoryStore  # noqa: E402
from msftk.types import ATTRIBUTES  # noqa: E402

RATE_HZ = 16_000
BASE = {
    "hidden": 768,
    "heads": 12,
    "head": 64,
    "ff": 3072,
    "conv": 512,
    "twice": 1536,
    "width": 256,
    "positions": 128,
    "groups": 16,
    "position_width": 48,
    "layers": 12,
    "states": 13,
}
WHISPER_BASE = {"hidden": 512, "ff": 2048, "layers": 6, "states": 7, "width": 256}


def write_sounds(folder: Path, n: int, seconds: float) -> list[Path]:
    """Noise of different colour and level: what is said of it means nothing, and differs."""
    draw, paths = np.random.default_rng(0), []
    folder.mkdir()
    for k in range(n):
        noise = draw.normal(0, 0.02 + 0.1 * draw.random(), round(seconds * RATE_HZ))
        paths.append(folder / f"{k:03}.wav")
        soundfile.write(paths[-1], np.convolve(noise, np.ones(1 + k % 7), "same") / 4, RATE_HZ)
    return paths


def cpu_s(who: int = RUSAGE_SELF) -> float:
    used = getrusage(who)
    return used.ru_utime + used.ru_stime


def timed(call: Callable[[], np.ndarray]) -> tuple[np.ndarray, float, float]:
    """What it gives, and its processor time and time by the clock in s."""
    cpu, clock = cpu_s(), time.perf_counter()
    given = call()
    return given, cpu_s() - cpu, time.perf_counter() - clock


def by_script(name: str, folder: Path) -> Callable[[Sequence[Path]], np.ndarray]:
    hear = published(name, folder)
    order = [ORDER[name].index(attribute) for attribute in ATTRIBUTES]

    def script(paths: Sequence[Path]) -> np.ndarray:
        return np.stack([hear(soundfile.read(path, dtype="float32")[0]) for path in paths])[:, order]

    return script


def by_msftk(folder: Path) -> Callable[[Sequence[Path]], np.ndarray]:
    run = load_model(str(folder))

    def predict(paths: Sequence[Path]) -> np.ndarray:
        return run.predict(list(paths), store=MemoryStore()).predictions.values

    return predict


def one_file(folder: Path, path: Path, repeats: int) -> str:
    """The whole command, and with the model loaded: medians in s of processor time and by the clock."""
    command = [sys.executable, "-m", "msftk", "predict", "--model", str(folder), str(path)]
    cold = []
    for _ in range(repeats):
        before, begun = cpu_s(RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        cold.append((cpu_s(RUSAGE_CHILDREN) - before, time.perf_counter() - begun))
    predict = by_msftk(folder)
    predict([path])
    warm = [timed(lambda: predict([path]))[1:] for _ in range(max(5, repeats))]
    (cold_cpu, cold_clock), (warm_cpu, warm_clock) = (map(median, zip(*one, strict=True)) for one in (cold, warm))
    return f"{cold_cpu:.1f} / {cold_clock:.1f} | {warm_cpu:.2f} / {warm_clock:.2f}"


def row(name: str, size: str, paths: Sequence[Path], seconds: float, parent: Path, repeats: int) -> str:
    sizes = {} if size == "tiny" else WHISPER_BASE if "whisper" in name else BASE
    folder = write_published(name, parent / f"{size}-{name}", **sizes)
    script, predict = by_script(name, folder), by_msftk(folder)
    best = {"script": (np.inf, np.inf), "msftk": (np.inf, np.inf)}
    said: dict[str, np.ndarray] = {}
    for call in (script, predict):  # the first call of each pays for what torch sets up
        call(paths[:2])
    for _ in range(repeats):
        for what, call in (("script", script), ("msftk", predict)):
            said[what], cpu, clock = timed(lambda call=call: call(paths))  # type: ignore[misc]
            best[what] = min(best[what], (cpu, clock))
    apart = np.abs(said["msftk"] - said["script"]) / np.maximum(1, np.abs(said["script"]))
    audio_s = len(paths) * seconds
    (theirs, their_clock), (ours, our_clock) = best["script"], best["msftk"]
    return (
        f"| {name} | {size} | {apart.max():.1e} | {audio_s / theirs:.1f} | {audio_s / ours:.1f} | {theirs / ours:.2f} "
        f"| {their_clock / our_clock:.2f} | {one_file(folder, paths[0], repeats)} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs="+", default=["tiny", "base"], choices=["tiny", "base"])
    parser.add_argument("--models", nargs="+", default=list(NAMES), choices=NAMES)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--base-files", type=int, default=8, help="files at the base size")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    lines = [
        f"{options.files} files of {options.seconds:g} s (base: {options.base_files}), {options.threads} threads, "
        f"{platform.machine()}, torch {torch.__version__}",
        "",
        "| model | size | largest difference | script, s of audio a s | msftk | ratio | ratio by the clock "
        "| one file, whole command: processor / clock (s) | with the model loaded |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as place:
        paths = write_sounds(Path(place) / "sounds", options.files, options.seconds)
        for size in options.size:
            own = paths if size == "tiny" else paths[: options.base_files]
            for name in options.models if size == "tiny" else [one for one in options.models if one != "wav2small"]:
                lines.append(row(name, size, own, options.seconds, Path(place), options.repeats))
                print(lines[-1], flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
