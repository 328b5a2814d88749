"""How work is shown while it runs: bars and a table of epochs on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from msftk.cli.console import number_table
from msftk.progress import Progress, ProgressCallback
from msftk.recipes.wording import fixed
from msftk.types import ATTRIBUTES

ROWS = 12  # epochs in the table
SCORES = (*ATTRIBUTES, "mean")
EVERY_S, EPOCH_S = 30.0, 10.0  # between two lines; an epoch's end may come sooner


@contextmanager
def drawn(console: Console) -> Iterator[ProgressCallback]:
    """Yields the callback for a terminal: a bar a stage with time left, above them the last epochs of a training."""
    bars = Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=console,
    )
    epochs, stages = Epochs(), dict[str, Any]()

    def report(progress: Progress) -> None:
        if progress.stage not in stages:
            stages[progress.stage] = bars.add_task(progress.stage, total=progress.total, note="")
        bars.update(stages[progress.stage], completed=progress.done, total=progress.total, note=progress.note)
        if progress.metrics:
            epochs.add(progress.metrics)

    with Live(Group(epochs, bars), console=console):
        yield report


class Rate(ProgressColumn):
    """Items a second of late; of a training the table tells it."""

    def render(self, task: Task) -> RenderableType:
        return rate(task.finished_speed or task.speed)


class Epochs:
    """The last epochs of a training, the present one among them, as a table; nothing before the first."""

    def __init__(self) -> None:
        self.lines: list[Mapping[str, Any]] = []

    def add(self, metrics: Mapping[str, Any]) -> None:
        last = self.lines[-1]["epoch"] if self.lines else 0
        # of the same epoch the newer counts, and an earlier one is another model's
        kept = self.lines[:-1] if metrics["epoch"] == last else self.lines if metrics["epoch"] > last else []
        self.lines = [*kept, metrics][-ROWS:]

    def __rich__(self) -> RenderableType:
        if not self.lines:
            return Group()
        table = number_table("epoch", "loss", *SCORES, "rate", "utterances/s", title="CCC on dev")
        for line in self.lines:
            scores = (fixed(line.get("dev_ccc", {}).get(name, float("nan"))) for name in SCORES)
            table.add_row(
                str(line["epoch"]), f"{line['train_loss']:.4f}", *scores, f"{line['learning_rate']:.1e}", _speed(line)
            )
        return table


class Lines:
    """The callback for a file or a pipe: a plain line now and then, none for what is quickly done.

    Every 30 s, and at the end of an epoch that took 10 s; a stage that had a line also gets one at its end.
    """

    def __init__(self, write: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self.write, self.clock = write, clock
        self.last_s = clock()
        self.told: dict[str, tuple[float, int]] = {}  # stage -> when it had its last line, and how much was done
        self.shown: set[str] = set()

    def __call__(self, progress: Progress) -> None:
        now_s, ends_epoch = self.clock(), "dev_ccc" in progress.metrics
        then_s, then = self.told.setdefault(progress.stage, (now_s, progress.done))
        is_end = progress.done == progress.total and (ends_epoch or not progress.metrics)
        waited = now_s - self.last_s >= (EPOCH_S if ends_epoch else EVERY_S)
        if not (progress.stage in self.shown if is_end else waited):
            return
        late = left = ""
        if then < progress.done and then_s < now_s:  # of late: what the store holds at the beginning goes by fast
            speed = (progress.done - then) / (now_s - then_s)
            late = "" if progress.metrics else rate(speed)
            if progress.total and progress.done < progress.total:
                left = f"{timedelta(seconds=round((progress.total - progress.done) / speed))} left"
        self.write(", ".join(part for part in (*_parts(progress), late, left, progress.note) if part))
        self.last_s = now_s
        self.told[progress.stage] = now_s, progress.done
        (self.shown.discard if is_end else self.shown.add)(progress.stage)


def rate(a_second: float | None) -> str:
    """Three digits at most."""
    return f"{a_second:,.0f}/s" if a_second and a_second >= 10 else f"{a_second:.2g}/s" if a_second else ""


def _parts(progress: Progress) -> Iterator[str]:
    metrics, done = progress.metrics, f"{progress.done} of {progress.total}" if progress.total else f"{progress.done}"
    if not metrics:
        yield f"{progress.stage}: {done}"
        return
    yield f"{progress.stage}: epoch {metrics['epoch']}"
    yield f"step {done}"
    yield f"loss {metrics['train_loss']:.4f}"
    if scores := metrics.get("dev_ccc"):
        yield "dev CCC " + " ".join(f"{name} {fixed(scores[name])}" for name in SCORES if name in scores)
    yield f"rate {metrics['learning_rate']:.1e}"
    yield f"{_speed(metrics)} utterances/s"


def _speed(metrics: Mapping[str, Any]) -> str:
    speed: float = metrics["utterances_per_s"]
    return f"{speed:.0f}" if speed >= 10 else f"{speed:.1f}"
