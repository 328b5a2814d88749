"""The runs that a command line begins with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from msftk.runs.folder import RunFolder


def named_runs(names: Sequence[str], models: Sequence[str] | None) -> tuple[list[Path], list[str]]:
    """The runs that a command's names begin with, and the rest of them; without published `models` the first is one."""
    first, others = ([], names) if models else ([Path(one) for one in names[:1]], names[1:])
    runs, rest = split_runs(others)
    return [*first, *runs], rest


def split_runs(names: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The finished runs that a list begins with, and the rest of it."""
    runs = list(takewhile(lambda name: RunFolder(Path(name)).is_finished, names))
    return [Path(name) for name in runs], list(names[len(runs) :])
