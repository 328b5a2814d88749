"""Several trainings that fill one bar."""

from __future__ import annotations

from msftk.progress import Progress, part_of


def test_parts_of_a_run_fill_one_bar_and_say_which_they_are() -> None:
    seen: list[Progress] = []
    told = part_of(seen.append, 1, 3, "fold session2")
    told(Progress("acoustic input", 3, 3))
    told(Progress("training", 4, 10, "best dev CCC 0.5", {"epoch": 1}))
    assert seen == [
        Progress("acoustic input", 3, 3),
        Progress("training", 14, 30, "fold session2 (2 of 3), best dev CCC 0.5", {"epoch": 1}),
    ]
