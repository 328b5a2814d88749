"""Tables of other systems are read by name, whatever their order and scale, and what cannot be read is one message."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.evaluation.prediction_csv import challenge_columns, exchanged, read_prediction_csv
from msftk.evaluation.predictions import Predictions
from msftk.recipes.prediction_table import table_columns
from msftk.recipes.table_file import write_table
from msftk.types import RatingScale

SCALE = RatingScale(1, 7)
IDS = ("MSP-PODCAST_0001_0008", "MSP-PODCAST_0001_0012", "dots.in.name")


def table(folder: Path, text: str) -> Path:
    path = folder / "x.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "header",
    ["FileName,EmoAct,EmoVal,EmoDom", "file,arousal,valence,dominance", "ID;A;V;D", "name\tact\tVal\tdom"],
)
def test_published_headers_are_read_by_name(tmp_path: Path, header: str) -> None:
    mark = next(one for one in ",;\t" if one in header)
    rows = [
        mark.join(row) for row in (("MSP-PODCAST_0001_0012.wav", "2", "5", "3"), ("/data/dots.in.name.flac", *"657"))
    ]
    made = read_prediction_csv(table(tmp_path, "\n".join([header, *rows])), IDS, SCALE)
    assert made.ids == ("MSP-PODCAST_0001_0012", "dots.in.name")
    np.testing.assert_array_equal(made.values, [[5, 2, 3], [5, 6, 7]])


def test_rows_of_other_splits_are_left_out_and_absent_attributes_are_nan(tmp_path: Path) -> None:
    made = read_prediction_csv(table(tmp_path, f"id,V\nother,3\n{IDS[0]},4\n"), IDS, SCALE)
    assert made.ids == IDS[:1]
    np.testing.assert_array_equal(made.values, [[4, np.nan, np.nan]])


def test_values_come_on_the_scale_of_the_ratings(tmp_path: Path) -> None:
    text = f"id,valence,arousal,dominance\n{IDS[0]},0,0.5,1\n{IDS[1]},0.25,0.5,0.75\n"
    made = read_prediction_csv(table(tmp_path, text), IDS, SCALE, RatingScale(0, 1))
    np.testing.assert_allclose(made.values, [[1, 4, 7], [2.5, 4, 5.5]])
    assert made.scale == SCALE
    np.testing.assert_allclose(made.contributions.sum(1), made.values - 1)


def predicted() -> Predictions:
    values = np.array([[0.0, 6.5, 8.0], [2, 3, 4]])
    return Predictions(IDS[:2], values, SCALE, ("one",), (values - 1)[:, None], np.ones((2, 1, 3)))


def test_what_msftk_writes_is_read_with_its_own_scale(tmp_path: Path) -> None:
    write_table(table_columns(predicted().on(RatingScale(0, 1))), tmp_path / "own.csv")
    made = read_prediction_csv(tmp_path / "own.csv", IDS, SCALE)
    np.testing.assert_allclose(made.values, predicted().values)


def test_the_challenge_takes_arousal_first_clipped_and_with_file_names(tmp_path: Path) -> None:
    write_table(challenge_columns(predicted().on(RatingScale(-1, 1))), tmp_path / "f.csv")
    first, *rows = (tmp_path / "f.csv").read_text().splitlines()
    assert first == "FileName,EmoAct,EmoVal,EmoDom"
    assert rows[0] == "MSP-PODCAST_0001_0008.wav,6.5,1,7"
    assert read_prediction_csv(tmp_path / "f.csv", IDS, SCALE).values[1].tolist() == pytest.approx([2, 3, 4])


def test_the_challenge_wants_all_three() -> None:
    made = predicted()
    made.values[:, 2] = np.nan
    with pytest.raises(InputError, match="does not predict dominance"):
        challenge_columns(made)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,valence\na,1\n", r"no column that names the utterance \(found: x, valence\). Known: id, FileName"),
        (f"id,0,1\n{IDS[0]},1,2\n", "no column that holds valence, arousal or dominance .*EmoVal"),
        (f"id,V,EmoVal\n{IDS[0]},1,2\n", "columns 'EmoVal' and 'V' are both valence"),
        ("id,V\nq,1\nr,2\n", "none of its 2 rows is an utterance of this split .first: 'q'"),
        (f"id,V\n{IDS[0]},1\n{IDS[0]}.wav,2\n", r"x.csv:3: 'MSP-PODCAST_0001_0008.wav' stands there twice"),
        (f"id,V\n{IDS[0]},high\n", "x.csv:2: V is 'high', expected a number"),
        (f"id,V\n{IDS[0]},\n", "no number in its columns"),
        (f"id,V\n{IDS[0]},1,2\n", "x.csv:2: 3 cells, expected 2"),
        (f"id,V,scale\n{IDS[0]},1,7\n", "x.csv:2: scale 7: expected lowest and highest rating"),
        (f"id,V,scale\n{IDS[0]},.2,0..1\n{IDS[1]},4,1..7\n", r"x.csv:3: scale 1..7, and 0..1 in the first row"),
        (f"id,V,scale\n{IDS[0]},,0..1\n", "no number in its columns"),
        (f"id,V,A\n{IDS[0]},0.2,0.3\n{IDS[1]},0.5,1\n", r"3 values of 4 lie off the scale 1..7 \(.* from 0.2 to 1\)"),
    ],
)
def test_what_cannot_be_scored_is_one_clear_message(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_prediction_csv(table(tmp_path, text), IDS, SCALE)


def test_a_value_a_little_off_the_scale_is_a_prediction(tmp_path: Path) -> None:
    made = read_prediction_csv(table(tmp_path, f"id,V\n{IDS[0]},7.2\n{IDS[1]},3\n"), IDS, SCALE)
    assert made.values[0, 0] == 7.2


def test_values_off_a_scale_that_the_table_itself_tells_are_predictions(tmp_path: Path) -> None:
    made = read_prediction_csv(table(tmp_path, f"id,V,scale\n{IDS[0]},-0.5,0..1\n{IDS[1]},1.5,0..1\n"), IDS, SCALE)
    assert made.values[:, 0].tolist() == [-2.0, 10.0]


def test_columns_under_the_names_of_others_are_told() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(4, 1, (50, 3))
    noisy = truth + random.normal(0, 0.7, truth.shape)
    assert exchanged(noisy, truth) == ""
    assert "better as dominance, arousal, valence" in exchanged(noisy[:, ::-1], truth)
    alike = np.repeat(truth[:, :1], 3, axis=1) + random.normal(0, 0.3, truth.shape)  # all attributes go together
    assert exchanged(alike[:, ::-1], alike) == ""
