"""Small wrongs done to the code, each of which some test must notice: a survivor is a hole in the tests.

    python tests/mutations.py [WORDS...]     only those whose file or text holds the words

Every mutation is made in a copy of the checkout, and the tests that it names run there. `make test-slow` runs all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
COPIED = ("msftk", "plugins", "ext", "tests", "docs", "pyproject.toml", "README.md")


@dataclass(frozen=True)
class Mutation:
    """In `file` the text `old`, which stands there once, becomes `new`; `tests` (paths, perhaps "::name") must fail."""

    file: str
    old: str
    new: str
    tests: str


def copied(folder: Path) -> Path:
    """A copy of the checkout whose packages are imported from its own folder."""
    for name in COPIED:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (folder / "msftk_plugins").symlink_to("plugins")
    (folder / "msftk_ext").symlink_to("ext")
    return folder


def passes(tree: Path, tests: str) -> bool:
    """Whether these tests pass in `tree`."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", "", *tests.split()]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree)}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True).returncode == 0


def survives(mutation: Mutation, tree: Path) -> bool:
    """Whether the mutation's tests pass in `tree` all the same. ValueError: its text is not there once."""
    path = tree / mutation.file
    source = path.read_text(encoding="utf-8")
    if source.count(mutation.old) != 1:
        raise ValueError(f"{mutation.file}: {mutation.old!r} stands there {source.count(mutation.old)} times")
    path.write_text(source.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        return passes(tree, mutation.tests)
    finally:
        path.write_text(source, encoding="utf-8")


def main(words: Sequence[str]) -> int:
    """Runs the chosen mutations and prints one line each; returns how many survived."""
    chosen = [m for m in MUTATIONS if all(word in f"{m.file} {m.old} {m.new}" for word in words)]
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(Path(folder))
        for mutation in chosen:
            lives = survives(mutation, tree)
            survivors += lives
            print(
                f"{'SURVIVES' if lives else 'noticed '}  {mutation.file}: {mutation.old!r} -> {mutation.new!r}",
                flush=True,
            )
    return survivors


MUTATIONS: tuple[Mutation, ...] = (
    Mutation("msftk/evaluation/ccc.py", "2 * (pt", "3 * (pt", "tests/evaluation/test_ccc.py"),
)

if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
