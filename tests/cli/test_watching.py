"""What is shown of a training: a table that redraws itself on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

import io
from typing import Any

import pytest

from msftk.cli.console import Terminal
from msftk.cli.watching import ROWS, Epochs, Lines, drawn
from msftk.progress import Progress


def metrics(epoch: int, **more: object) -> dict[str, Any]:
    return {"epoch": epoch, "train_loss": 3 - epoch / 10, "learning_rate": 1e-3, "utterances_per_s": 153.2, **more}


DEV = {"dev_ccc": {"valence": 0.5, "arousal": 0.6, "dominance": float("nan"), "mean": 0.55}}


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def lines_of(told: list[tuple[float, Progress]]) -> list[str]:
    """The lines that are written when these come at these seconds."""
    written, clock = list[str](), Clock()
    lines = Lines(written.append, clock)
    for clock.now_s, progress in told:
        lines(progress)
    return written


def test_what_is_quickly_done_has_no_line() -> None:
    assert lines_of([(0.1 * k, Progress("audio", k, 100)) for k in range(101)]) == []


def test_slow_stage_has_a_line_every_half_minute_and_its_end() -> None:
    written = lines_of([(10.0 * k, Progress("F0", k, 8, "3 cached" if k == 3 else "")) for k in range(9)])
    assert written == [
        "F0: 3 of 8, 0.1/s, 0:00:50 left, 3 cached",
        "F0: 6 of 8, 0.1/s, 0:00:20 left",
        "F0: 8 of 8, 0.1/s",
    ]


def test_rate_and_time_left_are_those_of_late() -> None:
    """What the store holds goes by fast and says nothing about the rest."""
    found = [(30.0, Progress("prepare", 9000, 10_000)), (60.0, Progress("prepare", 9030, 10_000, "2 failed"))]
    assert lines_of([(0.0, Progress("prepare", 0, 10_000)), *found]) == [
        "prepare: 9000 of 10000, 300/s, 0:00:03 left",
        "prepare: 9030 of 10000, 1/s, 0:16:10 left, 2 failed",
    ]


def test_epoch_has_a_line_with_its_scores() -> None:
    steps = [(9.0 * k, Progress("training", k, 4, metrics=metrics(1 + k // 3))) for k in range(1, 3)]
    ends = [(20, Progress("training", 2, 4, "best dev CCC 0.550", metrics(1, **DEV)))]
    last = [
        (22, Progress("training", 4, 4, metrics=metrics(2))),
        (23, Progress("training", 4, 4, metrics=metrics(2, **DEV))),
    ]
    assert lines_of([*steps, *ends, *last]) == [
        "training: epoch 1, step 2 of 4, loss 2.9000, dev CCC valence 0.50 arousal 0.60 dominance – mean 0.55, "
        "rate 1.0e-03, 153 utterances/s, 0:00:22 left, best dev CCC 0.550",
        "training: epoch 2, step 4 of 4, loss 2.8000, dev CCC valence 0.50 arousal 0.60 dominance – mean 0.55, "
        "rate 1.0e-03, 153 utterances/s",
    ]


def test_table_shows_the_last_epochs_and_begins_anew_with_another_model() -> None:
    epochs = Epochs()
    for epoch in range(1, ROWS + 4):
        epochs.add(metrics(epoch))
        epochs.add(metrics(epoch, **DEV))
    assert [line["epoch"] for line in epochs.lines] == list(range(4, ROWS + 4))
    assert all("dev_ccc" in line for line in epochs.lines)
    epochs.add(metrics(1))
    assert [line["epoch"] for line in epochs.lines] == [1]


def test_terminal_has_bars_and_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "100"}.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal(stderr=True)
    terminal.file = io.StringIO()
    with drawn(terminal) as report:
        report(Progress("audio", 3, 3))
        report(Progress("training", 2, 4, "best dev CCC 0.550", metrics(1, **DEV)))
    text = terminal.file.getvalue()
    for words in ("CCC on dev", "2.9000", "0.60", "1.0e-03", "153", "audio", "2/4", "best dev CCC 0.550"):
        assert words in text
