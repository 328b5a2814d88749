"""Figures and notes as people read them."""

from __future__ import annotations

import math

import pytest

from msftk.recipes.wording import fixed, interval, notes, percent


@pytest.mark.parametrize(
    ("value", "written"),
    [(-0.004, "0.00"), (-0.0, "0.00"), (-0.006, "-0.01"), (1.0, "1.00"), (math.nan, "–"), (None, "–")],
)
def test_two_places_without_minus_zero(value: float | None, written: str) -> None:
    assert fixed(value) == written


def test_signs_places_and_shares() -> None:
    assert fixed(-0.0004, 3, signed=True) == "+0.000"
    assert fixed(0.25, 1, signed=True) == "+0.2"
    assert percent(-0.001) == "0 %"
    assert percent(math.nan) == "–"
    assert interval((0.1, 0.25)) == "[0.10, 0.25]"
    assert interval((math.nan, 0.2)) == ""


def test_a_note_that_holds_for_several_splits_is_said_once() -> None:
    def scored(absent: int) -> dict[str, object]:
        bootstrap = {"descriptive": True, "clusters": 2, "over": "speaker", "unknown": []}
        sources = {"gs": {"no transcript": absent}}
        missing = {"utterances": 0, "ratings": {"valence": 0}, "sources": sources}
        return {"protocol": {"bootstrap": bootstrap}, "missing": missing}

    found = notes({"dev": scored(2), "test1": scored(3)})
    assert [note.partition(":")[0] for note in found] == ["dev, test1", "dev", "test1"]
    assert found[1] == "dev: gs absent in 2 (no transcript)"
