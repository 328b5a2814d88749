"""What became of all that was asked for, counted by stage: made now, found in the store, or failed and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MADE, FOUND = "made", "found"  # outcomes; any other is the reason of a failure


@dataclass(frozen=True)
class Tally:
    """Of one stage: how many things were made, were found in the store, and failed, by reason."""

    made: int
    found: int
    failed: Mapping[str, int]

    def json(self) -> dict[str, Any]:
        return {"made": self.made, "found": self.found, "failed": dict(self.failed)}


class Outcomes:
    """Outcomes of utterances by their row, in one pass or several: what an earlier pass made counts as made."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._made: dict[str, set[int]] = {}

    def earlier(self, row: int, outcomes: Mapping[str, str]) -> None:
        """Those of a pass that only prepares the way."""
        for stage, outcome in outcomes.items():
            if outcome == MADE:
                self._made.setdefault(stage, set()).add(row)

    def take(self, row: int, outcomes: Mapping[str, str]) -> None:
        """Those of the pass that ends with the utterance: stage -> outcome."""
        for stage, outcome in outcomes.items():
            before = row in self._made.get(stage, ())
            self.add(stage, MADE if outcome == FOUND and before else outcome)

    def add(self, stage: str, outcome: str, n: int = 1) -> None:
        self._counts.setdefault(stage, Counter())[outcome] += n

    @property
    def stages(self) -> dict[str, Tally]:
        """Stage -> its tally, in the order in which they began."""
        return {
            stage: Tally(counts[MADE], counts[FOUND], {k: n for k, n in counts.items() if k not in (MADE, FOUND)})
            for stage, counts in self._counts.items()
        }
