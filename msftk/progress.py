"""How recipes report where they are; the command line draws it, a caller may ignore it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` (None: unknown) items of a stage, with a short note such as "best dev CCC .52".

    `metrics`, of training alone: in an epoch `epoch`, `train_loss` so far, `learning_rate`, `utterances_per_s`; at its
    end its line of metrics.jsonl, which also has `dev_ccc`.
    """

    stage: str
    done: int
    total: int | None
    note: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)


ProgressCallback = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """The callback of those who do not watch."""


def part_of(progress: ProgressCallback, part: int, parts: int, name: str) -> ProgressCallback:
    """A callback for the `part`-th (0-based) of several trainings, which fill one bar; the note says which it is."""

    def tell(told: Progress) -> None:
        if told.metrics and told.total:
            note = ", ".join(filter(None, (f"{name} ({part + 1} of {parts})", told.note)))
            told = replace(told, done=part * told.total + told.done, total=parts * told.total, note=note)
        progress(told)

    return tell
