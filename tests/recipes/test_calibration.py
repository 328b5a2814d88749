from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.evaluation.predictions import read_predictions
from msftk.evaluation.scores import ratings_of
from msftk.recipes.calibration import calibrated
from msftk.recipes.evaluate import evaluate
from msftk.recipes.predict import load
from msftk.recipes.sources import TrainedSource
from msftk.runs.folder import RunFolder
from msftk.store.features import Store
from msftk.store.manifest import Manifest, read_manifest, write_manifest
from msftk.types import ATTRIBUTES


@pytest.fixture(scope="module")
def run(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny run, had each utterance of dev been said by another speaker."""
    place = tmp_path_factory.mktemp("calibrated") / "run"
    shutil.copytree(tiny_run, place)
    own = read_manifest(place / "manifest.parquet")
    people = tuple(replace(u, speaker=u.id) if u.split == "dev" else u for u in own.utterances)
    write_manifest(replace(own, utterances=people), place / "manifest.parquet")
    return place


def test_widths_come_from_errors_on_dev(run: Path) -> None:
    folder = RunFolder(run)
    made = calibrated([TrainedSource(folder)], 0.4)
    said = read_predictions(folder.predictions_file("dev"))
    by_id = {u.id: u for u in folder.read_manifest().utterances}
    far = np.abs(ratings_of([by_id[one] for one in said.ids]) - said.values)
    assert made.n == len(said)
    for place, attribute in enumerate(ATTRIBUTES):
        assert made.half_widths[attribute] in far[:, place]


def test_predictions_have_their_bounds(
    run: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path, msftk: Callable
) -> None:
    audio = tone_corpus.utterances[0].audio
    made = calibrated([TrainedSource(RunFolder(run))], 0.4)
    (one,) = load(run).predict(audio, store=tone_store, interval=0.4)
    assert one.others["valence_high"] == pytest.approx(min(one.values["valence"] + made.half_widths["valence"], 7))
    out = tmp_path / "said.csv"
    ended = msftk("predict", run, audio, "--interval", "0.4", "--out", out, "--store", tone_store.root)
    assert ended.code == 0, ended.err
    (row,) = csv.DictReader(out.open())
    assert float(row["arousal_low"]) <= float(row["arousal"]) <= float(row["arousal_high"])
    shown = msftk("predict", run, audio, "--interval", "0.4", "--store", tone_store.root)
    assert f"{float(row['arousal']):.2f} [{float(row['arousal_low']):.2f}, " in shown.out
    said = json.loads(msftk("predict", run, audio, "--interval", "0.4", "--json", "--store", tone_store.root).out)
    assert said["predictions"][0]["arousal_low"] == pytest.approx(float(row["arousal_low"]))


def test_scores_say_how_often_they_hold(run: Path, msftk: Callable) -> None:
    scored = evaluate(run, split="test", interval=0.4)
    assert 0 <= scored.scores["covered"]["valence"] <= 1
    assert scored.protocol["intervals"]["coverage"] == 0.4
    assert "covered" not in evaluate(run, split="test").scores
    assert "ratings inside intervals" in msftk("evaluate", run, "--split", "test", "--interval", "0.4").out


def test_without_predictions_of_dev_there_is_nothing_to_go_by(tiny_run: Path, tmp_path: Path) -> None:
    copied = tmp_path / "run"
    shutil.copytree(tiny_run, copied)
    (copied / "predictions" / "dev.parquet").unlink()
    with pytest.raises(InputError, match="keeps no predictions of dev"):
        evaluate(copied, split="test", interval=0.4)
