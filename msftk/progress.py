"""How recipes report where they are; the command line draws it, a caller may ignore it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
