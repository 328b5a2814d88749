"""One corpus prepared by two engines: all that the stores hold must be equal, and each item made once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kills import stored
from outside.slow import LOG, installed

from msftk.store.manifest import Manifest, write_manifest

SETTINGS = ("text.name=hashing", "describer.name=slow")


def check_equal_stores(corpus: Manifest, folder: Path, *engine: str) -> None:
    """Prepares with a describer that is a model, by the default engine and by that of the settings `engine`."""
    write_manifest(corpus, folder / "m.parquet")
    extract(folder, "reference")
    extract(folder, "other", *engine)
    reference, other = stored(folder / "reference"), stored(folder / "other")
    assert other == reference
    assert len(reference) > 3 * len(corpus.utterances)


def extract(folder: Path, name: str, *assignments: str) -> None:
    """`msftk extract` in a process of its own that has the describer installed; each utterance is described once."""
    command = [sys.executable, "-m", "msftk", "extract", folder / "m.parquet", "--store", folder / name]
    chosen = [part for one in (*SETTINGS, *assignments) for part in ("--set", one)]
    environment = installed(folder / "packages") | {LOG: str(folder / f"{name}.log")}
    ended = subprocess.run([*map(str, command), *chosen], env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    begun = (folder / f"{name}.log").read_text().splitlines()
    assert len(begun) == len(set(begun)) > 0
