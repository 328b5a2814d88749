"""What was made, found and failed, counted by stage over all passes."""

from __future__ import annotations

from msftk.preparation.outcomes import FOUND, MADE, Outcomes, Tally


def test_what_an_earlier_pass_made_is_made_though_the_last_one_finds_it() -> None:
    outcomes = Outcomes()
    outcomes.earlier(0, {"F0": MADE})
    outcomes.earlier(1, {"F0": FOUND})
    for row in range(2):
        outcomes.take(row, {"F0": FOUND, "description": ("no answer", MADE)[row]})
    outcomes.take(2, {"description": "no answer"})
    assert outcomes.stages == {"F0": Tally(1, 1, {}), "description": Tally(1, 0, {"no answer": 2})}


def test_it_is_told_in_plain_values() -> None:
    outcomes = Outcomes()
    outcomes.add("text vectors", FOUND, 5)
    outcomes.add("text vectors", MADE)
    (tally,) = outcomes.stages.values()
    assert tally.json() == {"made": 1, "found": 5, "failed": {}}
