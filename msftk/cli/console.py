"""What commands print with: results on stdout, progress and messages on stderr, a bar only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from msftk.progress import Progress, ProgressCallback, silent

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON value and nothing else on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


@contextmanager
def bar() -> Iterator[ProgressCallback]:
    """Yields the callback that recipes report to: a bar a stage, with time left; silent where stderr is no terminal."""
    if not err.is_terminal:
        yield silent
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Bar(*columns, console=err) as drawn:
        stages: dict[str, Any] = {}

        def report(progress: Progress) -> None:
            if progress.stage not in stages:
                stages[progress.stage] = drawn.add_task(progress.stage, total=progress.total, note="")
            drawn.update(stages[progress.stage], completed=progress.done, total=progress.total, note=progress.note)

        yield report


def some_failed(failures: Mapping[str, str]) -> None:
    """Lists items that failed among many and ends with exit code 3; nothing failed: returns."""
    if not failures:
        return
    err.print(f"{len(failures)} failed:", style="bold red")
    for name, message in failures.items():
        err.print(f"  {name}: {message}", markup=False, soft_wrap=True)
    raise typer.Exit(3)
