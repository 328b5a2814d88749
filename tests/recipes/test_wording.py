"""Figures and notes as people read them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from msftk.evaluation.evaluation import evaluate_predictions
from msftk.evaluation.predictions import Predictions
from msftk.recipes.wording import fixed, flat_notes, interval, notes, percent, said_of
from msftk.types import ATTRIBUTES, RatingScale, Utterance


@pytest.mark.parametrize(
    ("value", "written"),
    [(-0.004, "0.00"), (-0.0, "0.00"), (-0.006, "-0.01"), (1.0, "1.00"), (math.nan, "–"), (None, "–")],
)
def test_two_places_without_minus_zero(value: float | None, written: str) -> None:
    assert fixed(value) == written


def test_a_file_that_failed_is_named_once() -> None:
    assert said_of("a.wav", "a.wav: cut off") == "a.wav: cut off"
    assert said_of("a", "a.wav: cut off") == "a: a.wav: cut off"


def test_signs_places_and_shares() -> None:
    assert fixed(-0.0004, 3, signed=True) == "+0.000"
    assert fixed(0.25, 1, signed=True) == "+0.2"
    assert percent(-0.001) == "0 %"
    assert percent(math.nan) == "–"
    assert interval((0.1, 0.25)) == "[0.10, 0.25]"
    assert interval((math.nan, 0.2)) == ""


def test_a_note_that_holds_for_several_splits_is_said_once() -> None:
    def scored(absent: int) -> dict[str, object]:
        interval = {"clusters": 2, "over": "speaker", "unknown": []}
        sources = {"gs": {"no transcript": absent}}
        missing = {"utterances": 0, "ratings": {"valence": 0}, "sources": sources}
        scores = {"scale_ratio": dict.fromkeys(ATTRIBUTES, 0.0)}
        return {"protocol": {"interval": interval}, "missing": missing, "scores": scores, "n": 9}

    found = notes({"dev": scored(2), "test1": scored(3)})
    assert [note.partition(":")[0] for note in found] == ["dev, test1", "dev", "test1"]
    assert found[1] == "dev: gs absent in 2 (no transcript)"


def test_about_equal_predictions_say_that_nothing_was_learned() -> None:
    ratings = [{"valence": 1.0 + k % 7, "arousal": 4.0, "dominance": 7.0 - k % 7} for k in range(12)]
    values = np.array([[4 + 0.02 * r["valence"], 4.0, r["dominance"]] for r in ratings])
    ids = tuple(f"s{k}" for k in range(12))
    said = Predictions(ids, values, RatingScale(1, 7), ("one",), values[:, None], np.ones((12, 1, 3)))
    rated = [Utterance(name, None, ratings=own) for name, own in zip(ids, ratings, strict=True)]
    told = "predictions of valence are about equal, so nothing of that was learned. Train more epochs (training.epochs)"
    assert [n for n in notes({"dev": evaluate_predictions(said, rated, missing={"sources": {}}).json()}) if told in n]
    spreads = values.std(axis=0).tolist()
    assert [n.partition(" are ")[0] for n in flat_notes(12, spreads, said.scale)] == ["predictions of valence, arousal"]
    assert flat_notes(9, spreads, said.scale) == []  # too few to tell
