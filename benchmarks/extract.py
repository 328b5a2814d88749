"""What `msftk extract` costs around a model: its own time an item, a resumed store, kills at random moments.

    python benchmarks/extract.py overhead DIR [--items 20000] [--milliseconds 0 50]
    python benchmarks/extract.py resume DIR [--items 20000]
    python benchmarks/extract.py kills DIR [--items 2000] [--kills 50] [--engines local processes ray]

The model is a describer that sleeps (tests/outside/slow.py): an item is read from its recording, "described", stored
and synced to the disk before the next, then its text is hashed to a vector. DIR takes the corpora (benchmarks/scale.py)
and their stores. Overhead is the wall time above items x milliseconds; the processor time stands beside it, for a
machine that has other work. A job is killed by signal 9, all its processes with it, at a random moment, and begun
again, until there were as many kills; then it runs to its end, and its store must equal one that nobody killed. An item
that is described twice was in flight at a kill: one a process that works, the next ones were handed out and not begun.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
sys.path.append(str(CHECKOUT / "tests"))

from kills import stored  # noqa: E402
from outside.slow import LOG, installed  # noqa: E402
from scale import make_corpus  # noqa: E402

COMMON = ("describer.name=slow", "text.name=hashing", "text.dim=64", "acoustic.name=none")
ENGINES = {
    "local": (),
    "processes": ("engine.models=2",),
    "ray": ("engine.name=ray", "engine.models=2", "engine.workers=2"),
}
SECONDS, LONGEST_S = "describer.seconds=0.005", 0.5  # of an item, and until a kill
WORKERS = {"local": 1, "processes": 2, "ray": 2}  # that describe at the same time


def corpus(folder: Path, n: int) -> Path:
    place = folder / f"{n}"
    if not (place / "manifest.parquet").exists():
        make_corpus(place, n, with_words=False)
    return place / "manifest.parquet"


def command(manifest: Path, store: Path, *assignments: str) -> list[str]:
    chosen = [part for one in (*COMMON, *assignments) for part in ("--set", one)]
    return [
        *(sys.executable, "-m", "msftk", "extract", str(manifest), "--semantics", "es"),
        *chosen,
        "--store",
        str(store),
    ]


def environment(folder: Path, **more: str) -> dict[str, str]:
    return installed(folder / "packages") | {"HF_HUB_OFFLINE": "1", **more}


def measured(given: list[str], folder: Path) -> tuple[float, float]:
    """Wall and processor seconds of a command, its children's too."""
    begun = time.perf_counter()
    process = subprocess.Popen(given, env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"ended with {os.waitstatus_to_exitcode(status)}: {' '.join(given)}")
    return time.perf_counter() - begun, used.ru_utime + used.ru_stime


def overhead(folder: Path, n: int, milliseconds: list[float]) -> None:
    manifest = corpus(folder, n)
    few = corpus(folder, 1)
    shutil.rmtree(folder / "store-few", ignore_errors=True)
    idle, idle_cpu = measured(command(few, folder / "store-few"), folder)
    print(f"one item: {idle:.1f} s wall, {idle_cpu:.1f} s processor")
    for ms in milliseconds:
        store = folder / f"store-{ms:g}"
        shutil.rmtree(store, ignore_errors=True)
        wall, cpu = measured(command(manifest, store, f"describer.seconds={ms / 1000}"), folder)
        model = n * ms / 1000
        share = f", {(wall - model) / model:.1%} over the model's {model:.0f} s" if model else ""
        speed, each = n / wall, 1000 * (cpu - idle_cpu) / n
        print(f"{n} items of {ms:g} ms: {wall:.1f} s wall, {speed:.0f} items/s{share}; {each:.2f} ms processor an item")


def resume(folder: Path, n: int) -> None:
    manifest, store = corpus(folder, n), folder / f"resume-{n}"
    measured(command(manifest, store), folder)
    wall, cpu = measured(command(manifest, store), folder)
    print(f"a finished store of {n} items is found in {wall:.1f} s wall, {cpu:.1f} s processor")


def kills(folder: Path, n: int, n_kills: int, engine: str, chance: random.Random) -> bool:
    """Whether every store ended equal and no more was described twice than was in flight."""
    manifest, whole = corpus(folder, n), folder / f"whole-{n}"
    if not whole.exists():
        measured(command(manifest, whole, SECONDS), folder)
    killed = twice = most = ended = equal = 0
    while killed < n_kills or not ended:
        store, log = folder / f"{engine}-{ended}", folder / f"{engine}-{ended}.log"
        shutil.rmtree(store, ignore_errors=True)
        log.unlink(missing_ok=True)
        begun: list[str] = []
        code: int | None = None
        while code != 0:  # this job, killed until it ends
            code = _attempt(command(manifest, store, SECONDS, *ENGINES[engine]), folder, log, killed < n_kills, chance)
            lines = log.read_text().splitlines() if log.exists() else []
            again = len(set(lines[len(begun) :]) & set(begun))
            killed, twice, most, begun = killed + (code != 0), twice + again, max(most, again), lines
        ended, equal = ended + 1, equal + (stored(store) == stored(whole))
        shutil.rmtree(store)
    print(
        f"{engine}: {killed} kills of jobs of {n} items, {equal} of {ended} stores equal; {twice} described twice, "
        f"at most {most} by a kill ({WORKERS[engine]} work at a time)"
    )
    return equal == ended and most <= WORKERS[engine]


def _attempt(given: list[str], folder: Path, log: Path, is_killed: bool, chance: random.Random) -> int:
    """How the process ended: 0 by itself, -9 by a kill at a random moment after it began to describe."""
    seen = log.stat().st_size if log.exists() else 0
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(given, env=environment(folder, **{LOG: str(log)}), start_new_session=True, **quiet)
    if is_killed:
        while process.poll() is None and (not log.exists() or log.stat().st_size <= seen):
            time.sleep(0.01)
        time.sleep(chance.uniform(0, LONGEST_S))
        with suppress(ProcessLookupError):  # all at once; what Ray starts in sessions of its own ends with it
            os.killpg(process.pid, signal.SIGKILL)
    if (code := process.wait()) not in (0, -signal.SIGKILL):
        raise SystemExit(f"ended with {code}: {' '.join(given)}")
    return code


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("overhead", "resume", "kills"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--items", type=int)
    parser.add_argument("--milliseconds", type=float, nargs="+", default=[0, 50])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.what == "overhead":
        overhead(given.folder, given.items or 20_000, given.milliseconds)
    elif given.what == "resume":
        resume(given.folder, given.items or 20_000)
    else:
        chance = random.Random(given.seed)
        held = [kills(given.folder, given.items or 2_000, given.kills, one, chance) for one in given.engines]
        return int(not all(held))
    return 0


if __name__ == "__main__":
    sys.exit(main())
