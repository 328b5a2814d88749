"""Mutated inputs for readers: nothing but MsftkError may come of one, within a second and 500 MB.

    python -m fuzz.frame [TARGET...] [--inputs 1000000] [--minutes 20] [--seed 0]      (from tests/)

Each target (targets.py) runs in a process of its own, so that one that dies by a signal is seen. Its last input stays
in the folder that the failure names. Inputs and minutes are shared among the targets.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fuzz.mutate import mutated

from msftk.errors import MsftkError

TESTS = Path(__file__).parents[1]
SANITIZED = "asan" in os.environ.get("LD_PRELOAD", "")  # its shadow memory is terabytes, and it is slower
LIMIT_S = 20.0 if SANITIZED else 1.0  # CPU time of one input
LIMIT_BYTES = 500_000_000


@dataclass(frozen=True)
class Target:
    """A reader, what it reads when all is well, and pieces of its format that are put into it."""

    read: Callable[[Path], object]
    suffix: str
    seeds: Sequence[bytes]
    pieces: Sequence[bytes]


TARGETS: dict[str, Target] = {}


def target(
    suffix: str, seeds: Sequence[bytes], pieces: Sequence[bytes] = ()
) -> Callable[[Callable[[Path], object]], Callable[[Path], object]]:
    """Registers a function of a path by its own name; it reads `seeds` without an error."""

    def register(read: Callable[[Path], object]) -> Callable[[Path], object]:
        TARGETS[read.__name__] = Target(read, suffix, seeds, pieces)
        return read

    return register


def fuzz(name: str, inputs: int, seconds: float, seed: int, folder: Path, module: str = "fuzz.targets") -> int:
    """How many inputs a target of `module` took; an AssertionError says what one of them brought about."""
    arguments = [name, str(inputs), str(seconds), str(seed), str(folder)]
    child = [sys.executable, "-c", f"import {module}; from fuzz.frame import work; work(*{arguments!r})"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    ended = subprocess.run(child, env=environment, cwd=folder, capture_output=True, text=True, timeout=seconds + 300)
    if ended.returncode:
        how = signal.Signals(-ended.returncode).name if ended.returncode < 0 else f"exit {ended.returncode}"
        (kept,) = folder.glob("input*")
        raise AssertionError(f"{name}, seed {seed}: {how} at {kept}\n{ended.stderr[-3000:]}")
    return int(ended.stdout.split()[-1])


def work(name: str, inputs: str, seconds: str, seed: str, folder: str) -> None:
    """The child's side of `fuzz`."""
    target = TARGETS[name]
    path = Path(folder) / f"input{target.suffix}"
    for raw in target.seeds:
        path.write_bytes(raw)
        target.read(path)
    if not SANITIZED:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + LIMIT_BYTES, used + LIMIT_BYTES))
    stop = time.monotonic() + float(seconds)
    index = 0
    while index < int(inputs) and time.monotonic() < stop:
        path.unlink(missing_ok=True)  # a file cut and written anew is put on the disk at once
        path.write_bytes(mutated(target.seeds, target.pieces, int(seed), index))
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S)  # nobody catches its signal, so that compiled code is ended too
        try:
            target.read(path)
        except MsftkError as error:
            if path.name not in str(error):
                raise AssertionError(f"no file named: {error}") from error
        index += 1
    signal.setitimer(signal.ITIMER_PROF, 0)
    print(index)


def main() -> int:
    from fuzz import targets  # registers them

    parser = argparse.ArgumentParser(description=targets.__doc__)
    parser.add_argument("target", nargs="*", choices=[*TARGETS, []], help="all, if none is named")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    names = options.target or list(TARGETS)
    at_once = min(len(names), os.cpu_count() or 1)
    seconds = options.minutes * 60 * at_once / len(names)
    folder = Path(tempfile.mkdtemp(prefix="msftk-fuzz-"))

    def run(name: str) -> tuple[int, str]:
        (folder / name).mkdir()
        try:
            return fuzz(name, -(-options.inputs // len(names)), seconds, options.seed, folder / name), "clean"
        except AssertionError as error:
            return 0, str(error)

    with ThreadPoolExecutor(at_once) as pool:
        found = dict(zip(names, pool.map(run, names), strict=True))
    for name, (count, said) in found.items():
        print(f"{name:16} {count:9,} inputs  {said}")
    print(f"{'all':16} {sum(count for count, _ in found.values()):9,} inputs")
    return any(said != "clean" for _, said in found.values())


if __name__ == "__main__":
    from fuzz import frame

    sys.exit(frame.main())
