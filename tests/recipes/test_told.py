"""What is told beside predictions is the same of all recordings at once and of their parts together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from msftk.evaluation.predictions import Predictions
from msftk.recipes.told import Told
from msftk.types import RatingScale

VALUES = np.array([[4.0 + 0.001 * k, 1.0 + k % 5, np.nan] for k in range(12)])
SCALE = RatingScale(1, 7)
MODELS: tuple[Any, ...] = (SimpleNamespace(published=None),)  # trained here
TROUBLES = [("a", "no words"), ("b", "no words"), ("c", "too loud")]


def told(rows: Sequence[int]) -> Told:
    values, lengths_s = VALUES[np.array(rows, int)], [float(row) for row in rows]
    said = Predictions(tuple(map(str, rows)), values, SCALE, ("one",), values[:, None], np.ones((len(rows), 1, 3)))
    absent = {"gs": {"no transcript": len(rows)}, **({"les": {"no alignment": 1}} if 0 in rows else {})}
    return Told.of(said, absent, lengths_s, 8.5, [TROUBLES[row] for row in rows if row < 3], MODELS)


def test_parts_add_up_to_the_whole_also_out_of_a_journal() -> None:
    whole, parts = told(range(12)), Told()
    for rows in ((0,), range(1, 5), range(5, 12), ()):
        parts.add(Told.of_json(json.loads(json.dumps(told(rows).json(), allow_nan=False))))
    assert (parts.absent, parts.longer, parts.n) == (
        {"gs": {"no transcript": 12}, "les": {"no alignment": 1}},
        3,
        12,
    )
    assert {message: tuple(own) for message, own in parts.troubles.items()} == whole.troubles
    assert parts.notes(MODELS, SCALE, 8.5) == whole.notes(MODELS, SCALE, 8.5)


def test_notes_say_each_thing_once() -> None:
    longer, *troubles, flat = told(range(12)).notes(MODELS, SCALE, 8.5)
    assert longer.startswith("3 longer than 8.5 s: heard in windows of 8.5 s")
    assert troubles == ["2 recordings: no words", "c: too loud"]
    assert flat.startswith("predictions of valence are about equal")
