"""A package of somebody else: a describer that stands for a model, as slow as it is told to be."""

from __future__ import annotations

import os
import time
from pathlib import Path

from pydantic import Field

from msftk import interfaces
from msftk.hookspecs import Register, hookimpl
from msftk.interfaces import Evidence
from msftk.types import Description

LOG = "OUTSIDE_SLOW_LOG"  # names a file, which gets a line for each utterance that is begun


class Slow(interfaces.Describer):
    """Says who the utterance is, after some time."""

    needs = ("id", "audio")
    wants = "model"
    flush_items = 1

    class Options(interfaces.Options):
        seconds: float = Field(0.0, ge=0, description="that an answer takes")

    def __init__(self, options: Slow.Options) -> None:
        self.options = options

    def describe(self, evidence: Evidence) -> Description:
        if log := os.environ.get(LOG):
            file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(file, f"{evidence.id}\n".encode())
            os.close(file)
        time.sleep(self.options.seconds)
        return Description(explanation=f"a lack of {evidence.id}", backend="slow")


@hookimpl
def register_describers(register: Register) -> None:
    register("slow", "outside.slow:Slow", help="a describer as slow as it is told to be")


def installed(folder: Path) -> dict[str, str]:
    """The environment of processes that have this package installed; `folder` becomes a place of packages."""
    about = folder / "outside_slow-1.0.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-slow\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[msftk]\nslow = outside.slow\n")
    places = (folder, Path(__file__).parents[1], *filter(None, [os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, places))}
