"""Data frames of pandas, polars and Arrow are predicted as the files that they name, and come back with their ids."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pyarrow as pa
import pytest

from msftk.errors import InputError
from msftk.recipes.frames import manifest_of
from msftk.recipes.predict import Run, load
from msftk.store.manifest import Manifest
from msftk.store.memory import MemoryStore
from msftk.types import ATTRIBUTES

Make = Callable[[dict[str, list[Any]]], Any]


KINDS = pytest.mark.parametrize(
    "make", [pandas.DataFrame, polars.DataFrame, pa.table], ids=["pandas", "polars", "arrow"]
)


@pytest.fixture(scope="module")
def run(tiny_run: Path) -> Run:
    return load(tiny_run, device="cpu")


@KINDS
def test_a_frame_is_predicted_as_the_manifest_it_tells_of(make: Make, run: Run, tone_corpus: Manifest) -> None:
    own = tone_corpus.utterances[4:8]
    columns = {
        "id": [f"mine {u.id}" for u in own],
        "audio": [str(u.audio) for u in own],
        "transcript": [u.transcript for u in own],
        "alignment": [str(u.alignment) for u in own],
        "valence": [99.0] * 4,  # what an earlier system said is not read
        "note": ["of no matter"] * 4,
    }
    expected = run.predict(own, store=MemoryStore())
    # the words of an alignment are found by the id
    said = run.predict(make(columns | {"id": [u.id for u in own]}), store=MemoryStore())
    assert said.absent == expected.absent == {}
    np.testing.assert_allclose(said.predictions.values, expected.predictions.values, atol=1e-5)
    assert manifest_of(make(columns)).utterances[0].ratings is None
    back = run.predict(make(columns), store=MemoryStore())
    assert back.to_pandas()["id"].tolist() == back.to_polars()["id"].to_list() == columns["id"]
    assert back.to_polars()["valence"].to_list() == [one.values["valence"] for one in back]


@KINDS
def test_segments_and_gaps_come_as_they_are(make: Make, run: Run, tone_corpus: Manifest) -> None:
    audio = [str(tone_corpus.utterances[place].audio) for place in (0, 0, 1)]
    frame = make({"id": ["a", "b", "c"], "audio": audio, "start_s": [0.0, 0.3, None], "end_s": [0.3, 0.6, None]})
    assert [(u.start_s, u.end_s, u.transcript) for u in manifest_of(frame).utterances] == [
        (0.0, 0.3, None),
        (0.3, 0.6, None),
        (None, None, None),
    ]
    said = run.predict(frame, store=MemoryStore())
    assert [one.id for one in said] == ["a", "b", "c"]
    assert len({tuple(one.values[a] for a in ATTRIBUTES) for one in said}) == 3


def test_rows_without_an_id_are_called_by_their_audio() -> None:
    made = manifest_of(pa.table({"audio": ["x/one.wav", "x/two.wav", "y/two.wav", None], "transcript": ["a"] * 4}))
    assert [u.id for u in made.utterances] == ["one", "x/two.wav", "y/two.wav", "row 4"]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pandas.DataFrame({"file": ["a.wav"]}), r"frame: no column 'audio' \(found: file\)\. Name the column"),
        (
            polars.DataFrame({"audio": ["a.wav"], "start_s": ["soon"]}),
            "frame: row 1: start_s is 'soon', expected a fin",
        ),
        (pandas.DataFrame({"audio": [Path("a.wav")]}), r"frame: cannot be read \(.*Give paths and texts as strings\."),
        (pa.table({"id": ["a", None], "audio": ["a.wav", "b.wav"]}), "frame: row 2 has no id"),
        (pa.table({"id": ["a", "a"], "audio": ["a.wav", "b.wav"]}), "utterance id 'a' stands there twice"),
        (pandas.DataFrame({"audio": []}), "nothing to predict"),
    ],
)
def test_a_frame_that_tells_no_recordings_is_refused(frame: Any, message: str, run: Run) -> None:
    with pytest.raises(InputError, match=message):
        run.predict(frame, store=MemoryStore())
