"""Several models predict together: the folds of one run, its refitted model instead of them, and several runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_corpus import tiny_settings

from msftk.errors import InputError
from msftk.evaluation.predictions import Predictions, read_predictions
from msftk.recipes.evaluate import evaluate
from msftk.recipes.predict import load
from msftk.recipes.train import train
from msftk.runs.model import load_model
from msftk.store.features import Store
from msftk.store.manifest import Manifest, write_manifest
from msftk.types import ATTRIBUTES, RatingScale


def said_by(run: Path | list[Path], corpus: Manifest, store: Store) -> Predictions:
    return load(run, "cpu").predict(corpus.utterances[::4], store=store).predictions  # type: ignore[arg-type]


def test_a_run_of_folds_predicts_the_mean_of_its_folds(
    fold_run: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    folds = [said_by(fold_run / "folds" / f"session{k}", tone_corpus, tone_store) for k in (1, 2, 3)]
    together = said_by(fold_run, tone_corpus, tone_store)
    assert together.ids == folds[0].ids
    np.testing.assert_allclose(together.values, np.mean([one.values for one in folds], axis=0), rtol=1e-12)
    assert np.ptp([one.values for one in folds], axis=0).max() > 0.01
    np.testing.assert_allclose(together.contributions.sum(axis=1) + 1, together.values, atol=1e-5)


def test_folds_are_prepared_once_and_their_scores_stay_as_they_were(
    fold_run: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    ensemble = load(fold_run, "cpu").ensemble
    assert len(set(map(id, ensemble.preparations(tone_store)))) == 1
    write_manifest(tone_corpus, tmp_path / "m.parquet")
    assert evaluate(fold_run, tmp_path / "m.parquet", "test", store=tone_store).role == "trained on"
    assert evaluate(fold_run, split="test").role == "held out"


def test_refit_trains_one_model_on_all_data_which_then_predicts(
    fold_run: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(fold_run, run)
    settings = tiny_settings("training.epochs=2", "fusion.name=none")
    before = evaluate(run, split="test").ccc
    done = train(tone_corpus, settings, run, store=tone_store, folds="session", refit=True, device="cpu")
    assert (done.begun.value, evaluate(run, split="test").ccc) == ("finished", before)
    card = json.loads((run / "refit" / "protocol.json").read_text())
    epochs = json.loads((run / "protocol.json").read_text())["selection"]["epoch"].values()
    assert card["splits"] == {"train": 24}
    assert card["selection"] == {"by": "last epoch", "epoch": sorted(epochs)[1]}
    (model,) = load(run, "cpu").ensemble.models
    assert model.run == run / "refit"
    with pytest.raises(InputError, match="keeps no predictions, since all of its data trained it"):
        evaluate(run / "refit")
    with pytest.raises(InputError, match="Give --folds too"):
        train(tone_corpus, settings, tmp_path / "other", store=tone_store, refit=True)


def test_two_runs_are_combined_by_the_mean_of_their_ratings(
    fold_run: Path, tiny_run: Path, tone_corpus: Manifest, tone_store: Store, msftk: Callable
) -> None:
    single = [fold_run / "folds" / "session1", tiny_run]
    parts = [said_by(one, tone_corpus, tone_store) for one in single]
    both = said_by(single, tone_corpus, tone_store)
    np.testing.assert_allclose(both.values, (parts[0].values + parts[1].values) / 2, rtol=1e-12)
    assert both.expert_names == ("mean",)  # of one and of several experts
    audio = tone_corpus.utterances[4].audio
    ended = msftk("predict", *single, audio, "--combine", "mean", "--json", "--store", tone_store.root)
    assert ended.code == 0, ended.err
    assert [json.loads(ended.out)["predictions"][0][a] for a in ATTRIBUTES] == pytest.approx(
        said_by_files(single, audio, tone_store)
    )


def said_by_files(runs: list[Path], audio: Path | None, store: Store) -> list[float]:
    assert audio
    values = [load(run, "cpu").predict(audio, store=store)[0].values for run in runs]
    return [float(np.mean([one[a] for one in values])) for a in ATTRIBUTES]


def test_runs_of_one_corpus_are_scored_by_the_mean_of_what_they_keep(
    tiny_run: Path, fold_run: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path, msftk: Callable
) -> None:
    again = tmp_path / "again"
    train(tone_corpus, tiny_settings("training.epochs=1", "training.seed=1"), again, store=tone_store, device="cpu")
    kept = [read_predictions(run / "predictions" / "test.parquet") for run in (tiny_run, again)]
    mean = (kept[0].values + kept[1].of(kept[0].ids).values) / 2
    ended = msftk("evaluate", tiny_run, again, "--split", "test", "--combine", "mean", "--json")
    assert ended.code == 0, ended.err
    scored = json.loads(ended.out)
    rated = {u.id: u.ratings["valence"] for u in tone_corpus.utterances if u.ratings}
    bias = float(np.mean(mean[:, 0] - [rated[one] for one in kept[0].ids]))
    assert scored["scores"]["bias"]["valence"] == pytest.approx(bias)
    assert scored["protocol"]["mean_of"] == [str(tiny_run), str(again)]
    write_manifest(tone_corpus, tmp_path / "m.parquet")
    anew = evaluate([tiny_run, again], tmp_path / "m.parquet", "test", store=tone_store)
    assert anew.ccc["valence"] == pytest.approx(scored["ccc"]["valence"], abs=1e-4)
    assert anew.role == "held out"


def test_runs_that_cannot_be_combined_are_told_apart(tiny_run: Path, fold_run: Path, msftk: Callable) -> None:
    for arguments, message in (
        (("evaluate", tiny_run, fold_run, "--combine", "mean"), "were trained on different data"),
        (("evaluate", tiny_run, tiny_run), "a second run. Add --combine mean"),
        (("predict", tiny_run, tiny_run, "a.wav"), "a second run. Add --combine mean"),
        (("predict", tiny_run, "a.wav", "--combine", "mean"), "one run, nothing to combine"),
        (("predict", tiny_run, tiny_run, "a.wav", "--combine", "max"), "--combine max: unknown. Known: mean."),
        (("evaluate", tiny_run, "a.parquet", "b.parquet"), "a.parquet: no finished run"),
    ):
        ended = msftk(*arguments)
        assert (ended.code, ended.out) == (2, ""), arguments
        assert message in ended.err


def test_predictions_come_on_the_scale_of_the_first_run(
    tiny_run: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    ensemble = load([tiny_run, tiny_run], "cpu").ensemble
    said = ensemble.predict(tone_corpus.utterances[::4], ensemble.preparations(tone_store), scale=RatingScale(0, 1))
    plain = said_by(tiny_run, tone_corpus, tone_store)
    np.testing.assert_allclose(1 + 6 * said.predictions.values, plain.values, rtol=1e-6)
    assert said.predictions.expert_names == load_model(tiny_run).network.expert_names
