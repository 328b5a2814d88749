"""Kills extract, emphasis and train by signal 9 at random moments, goes on, and counts what was done twice.

    python tests/kills.py [--kills 200] [--workers 1] [--seed 0]

A job is killed again and again until it ends; then its results are compared with those of one that nobody killed, and
the next begins. What is begun is told to the system at once, so that a kill cannot hide it. Jobs are forked off this
process, which has read the libraries: so a kill falls into the work, not into imports.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from small_corpus import TINY, small_corpus

import msftk.recipes.emphasis_corpus
import msftk.recipes.extract
import msftk.recipes.train  # noqa: F401, read before jobs are forked off
from msftk.cli.app import run
from msftk.preparation import given, material
from msftk.runs.folder import RunFolder
from msftk.store.manifest import write_manifest
from msftk.store.records import RecordLog
from msftk.store.shelf import Shelf
from msftk.training.loop import _Fitting
from msftk_plugins.describers.measured import Measured
from msftk_plugins.f0.harvest import Harvest
from msftk_plugins.text.hashing import Hashing

MODEL = RunFolder(Path()).model_file
# item -> how many of them one kill may cost a worker; a group of emphasis reads its sounds before all else
ITEMS = {"F0 track": 1, "emphasis": 1, "description": 1, "batch of texts": 1, "optimiser step": 1, "sound read": 4}
SETTINGS = [part for one in TINY for part in ("--set", one)]


@dataclass
class Job:
    """A command as it works in a folder, what it leaves there, and how it fared."""

    name: str
    arguments: Callable[[Path], list[str]]
    results: Callable[[Path], object]
    result: str | None = None  # file that stands when the job is done, however its process ends
    kills: int = 0
    ended: int = 0
    equal: int = 0
    redone: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)  # by one kill


def jobs(manifest: Path, workers: int) -> list[Job]:
    def command(name: str, *more: str) -> Callable[[Path], list[str]]:
        common = (name, str(manifest), *SETTINGS, "--workers", str(workers), "--store", "{}/store")
        return lambda at: [one.format(at) for one in (*common, *more)]

    saving = ("--set", "training.save_minutes=0", "--device", "cpu")
    return [
        Job("extract", command("extract"), lambda at: stored(at / "store")),
        Job(
            "emphasis",
            command("emphasis", "--out", "{}/t.parquet"),
            lambda at: (at / "t.parquet").read_bytes(),
            "t.parquet",
        ),
        Job("train", command("train", "--out", "{}/run", *saving), lambda at: (at / "run" / MODEL).read_bytes()),
    ]


def stored(root: Path) -> dict[str, object]:
    """All that a store holds, by producer and key."""
    found: dict[str, object] = {}
    for folder in filter(Path.is_dir, root.iterdir()):
        shelf, log = Shelf(folder), RecordLog(folder / "records.jsonl")
        for key in shelf.keys():  # noqa: SIM118, a shelf is no mapping
            found[f"{folder.name}/{key}"] = {name: array.tobytes() for name, array in (shelf.get(key) or {}).items()}
        found |= log._rows
    return found


def tell_what_is_begun(log: int) -> None:
    """From now on every item that begins in this process appends a line "item<tab>which" to the file `log`."""

    def tell(place: Any, name: str, item: str, which: Callable[..., object]) -> None:
        ordinary = getattr(place, name)

        def told(*given: Any, **named: Any) -> Any:
            os.write(log, f"{item}\t{which(*given)}\n".encode())
            return ordinary(*given, **named)

        setattr(place, name, told)

    tell(Harvest, "f0_hz", "F0 track", lambda _, waveform, rate_hz: hashlib.sha256(waveform).hexdigest())
    tell(material, "emphasis", "emphasis", lambda waveform, *_: hashlib.sha256(waveform).hexdigest())
    tell(Measured, "describe", "description", lambda _, evidence: evidence.id)
    tell(Hashing, "encode", "batch of texts", lambda _, texts: hashlib.sha256(repr(texts).encode()).hexdigest())
    tell(given, "load_utterance", "sound read", lambda utterance: utterance.id)
    tell(_Fitting, "_step", "optimiser step", lambda fitting, _: fitting._steps_done)


def forked(job: Job, folder: Path, killed_after_s: float | None) -> bool:
    """Does the job in a copy of this process; whether it came to its end before it was killed."""
    child = os.fork()
    if not child:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        tell_what_is_begun(os.open(folder / "begun", os.O_WRONLY | os.O_CREAT | os.O_APPEND))
        os._exit(run(job.arguments(folder)))
    if killed_after_s is not None:
        time.sleep(killed_after_s)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise SystemExit(f"{job.name} failed: see by hand msftk {' '.join(job.arguments(folder))}")
    return os.WIFEXITED(status)


def killed_until_done(job: Job, folder: Path, longest_s: float, chance: random.Random) -> None:
    """Kills the job until it ends, and counts what each attempt did that one before it had begun."""
    folder.mkdir()
    begun: set[str] = set()
    seen, ended = 0, False
    while not ended:
        ended = forked(job, folder, chance.uniform(0, longest_s))
        log = folder / "begun"
        lines = log.read_text().splitlines() if log.exists() else []
        again = Counter(line.split("\t")[0] for line in lines[seen:] if line in begun)
        begun |= set(lines)
        seen = len(lines)
        job.kills += not ended
        ended |= job.result is not None and (folder / job.result).exists()
        job.redone += again
        job.most |= again
    job.ended += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "corpus").mkdir()
        write_manifest(small_corpus(root / "corpus"), root / "m.parquet")
        told = jobs(root / "m.parquet", asked.workers)
        for job in told:
            whole = root / job.name
            whole.mkdir()
            begun_s = time.monotonic()
            forked(job, whole, None)
            longest_s = time.monotonic() - begun_s
            while job.kills < asked.kills / len(told):
                folder = root / f"{job.name}-{job.ended}"
                killed_until_done(job, folder, longest_s, chance)
                job.equal += job.results(folder) == job.results(whole)
            cost = ", ".join(f"{n} x {item} (at most {job.most[item]} by a kill)" for item, n in job.redone.items())
            print(f"{job.name}: {job.kills} kills, {job.equal} of {job.ended} jobs equal; redone: {cost or 'nothing'}")
    unequal = any(job.equal < job.ended for job in told)
    dear = any(job.most[item] > most * asked.workers for job in told for item, most in ITEMS.items())
    return int(unequal or dear)


if __name__ == "__main__":
    sys.exit(main())
