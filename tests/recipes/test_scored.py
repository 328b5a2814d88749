"""A table that holds what a run said is scored as the run is, and beside itself as a peer nothing is gained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.evaluation.prediction_csv import challenge_columns
from msftk.recipes.evaluate import evaluate
from msftk.recipes.prediction_table import table_columns
from msftk.recipes.scored import evaluate_table
from msftk.recipes.table_file import write_table
from msftk.runs.folder import RunFolder
from msftk.store.manifest import Manifest


@pytest.fixture
def table(tiny_run: Path, tmp_path: Path) -> Path:
    write_table(table_columns(RunFolder(tiny_run).read_predictions("test")), tmp_path / "said.csv")
    return tmp_path / "said.csv"


def test_a_table_is_scored_as_the_run_that_wrote_it(tiny_run: Path, tone_corpus: Manifest, table: Path) -> None:
    own, made = (
        evaluate(tiny_run, split="test", by=["category"]),
        evaluate_table(table, tone_corpus, "test", by=["category"]),
    )
    assert made.ccc == pytest.approx(own.ccc, abs=1e-12)
    assert made.slices == own.slices
    assert made.role == "made elsewhere"
    assert made.protocol["predictions"] == str(table)


def test_a_run_beside_itself_has_come_no_way(tiny_run: Path, table: Path) -> None:
    scored = evaluate(tiny_run, split="test", peer=table)
    assert scored.scores["peer"] == {a: pytest.approx(scored.ccc[a]) for a in scored.scores["peer"]}
    assert scored.protocol["peer"] == str(table)
    assert np.isnan(scored.scores["way"]["valence"])  # too few shared utterances for a person


def test_a_table_off_the_scale_is_refused_and_with_its_scale_it_counts(
    tiny_run: Path, tone_corpus: Manifest, tmp_path: Path
) -> None:
    said = RunFolder(tiny_run).read_predictions("test")
    columns = challenge_columns(said)
    columns |= {name: [(x - 1) / 6 for x in own] for name, own in columns.items() if name != "FileName"}
    write_table(columns, tmp_path / "unit.csv")
    with pytest.raises(InputError, match=r"lie off the scale 1..7 .* --scale 0..1"):
        evaluate_table(tmp_path / "unit.csv", tone_corpus, "test")
    from msftk.types import RatingScale

    made = evaluate_table(tmp_path / "unit.csv", tone_corpus, "test", scale=RatingScale(0, 1))
    assert made.ccc == pytest.approx(evaluate(tiny_run, split="test").ccc, abs=0.05)  # the challenge clips


def test_exchanged_columns_are_told(tone_corpus: Manifest, tmp_path: Path) -> None:
    test = tone_corpus.split("test")
    columns = {
        "id": [u.id for u in test],
        "valence": [u.ratings["arousal"] for u in test if u.ratings],
        "arousal": [u.ratings["valence"] for u in test if u.ratings],
    }
    write_table(columns, tmp_path / "swapped.csv")
    (note,) = evaluate_table(tmp_path / "swapped.csv", tone_corpus, "test").protocol["notes"]
    assert "are they exchanged?" in note
