"""Evaluation of a run: its stable JSON, other corpora and scales, and the messages of runs that cannot be read."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from msftk.errors import InputError, UnknownNameError, VersionError
from msftk.evaluation.intervals import METHOD
from msftk.recipes.evaluate import evaluate
from msftk.runs.model import load_model
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.types import ATTRIBUTES, RatingScale


@pytest.fixture
def copied(tiny_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_run, tmp_path / "copied"))


def test_json_has_the_stable_shape(tiny_run: Path) -> None:
    shaped = evaluate(tiny_run, split="dev").json()
    assert list(shaped) == ["ccc", "ci95", "n", "missing", "scores", "experts", "by_sources", "folds", "protocol"]
    assert set(shaped["ccc"]) == set(shaped["ci95"]) == {*ATTRIBUTES, "mean"}
    assert list(shaped["scores"]) == ["pearson", "bias", "scale_ratio", "rmse", "ccc_within_category", "person"]
    assert all(set(figures) == set(ATTRIBUTES) for figures in shaped["scores"].values())
    assert shaped["ci95"]["valence"] == [None, None]  # one speaker cannot be resampled
    assert shaped["scores"]["person"]["valence"] is None  # each rater shares four utterances, fewer than ten
    assert set(shaped["experts"]["share"]["valence"]) == {"acoustic", "transcript", "extended"}
    json.dumps(shaped, allow_nan=False)


def test_predicting_the_own_manifest_anew_gives_the_kept_scores(
    tiny_run: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    kept = evaluate(tiny_run, split="test")
    anew = evaluate(tiny_run, tone_corpus, "test", store=tone_store, device="cpu")
    assert anew.ccc == pytest.approx(kept.ccc, abs=1e-6)
    assert anew.missing == kept.missing
    assert anew.role == "held out"


def test_ccc_by_sources_holds_every_subset_and_all_of_them_are_the_score(tiny_run: Path) -> None:
    scored = evaluate(tiny_run, split="test")
    assert list(scored.by_sources) == ["none", "gs", "les", "es", "gs,les", "gs,es", "les,es", "gs,les,es"]
    assert scored.by_sources["gs,les,es"] == pytest.approx(scored.ccc, abs=1e-6)
    differing = {round(numbers["valence"], 6) for numbers in scored.by_sources.values()}
    assert len(differing) == 4  # these sentences are so short that LES is GS


def test_a_switched_off_source_is_as_if_the_corpus_lacked_it(
    tiny_run: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    silent = [replace(u, transcript=None) for u in tone_corpus.utterances]
    without = evaluate(tiny_run, replace(tone_corpus, utterances=tuple(silent)), "test", store=tone_store, device="cpu")
    kept = evaluate(tiny_run, split="test")
    assert without.ccc == pytest.approx(kept.by_sources["les,es"], abs=1e-6)
    assert without.by_sources["gs,es"] == pytest.approx(kept.by_sources["es"], abs=1e-6)


def test_a_split_that_trained_is_labelled(tiny_run: Path, tone_corpus: Manifest, tone_store: Store) -> None:
    assert evaluate(tiny_run, tone_corpus, "train", store=tone_store, device="cpu").role == "trained on"


def test_predictions_are_laid_on_the_scale_of_another_corpus(
    tiny_run: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    def lay(value: float) -> float:
        return (value - 1) / 6 * 4 + 1

    moved = [
        replace(u, ratings={a: lay(v) for a, v in (u.ratings or {}).items()}, rater_ratings=None)
        for u in tone_corpus.utterances
    ]
    other = replace(tone_corpus, corpus="other", scale=RatingScale(1, 5), utterances=tuple(moved))
    scored = evaluate(tiny_run, other, "test", store=tone_store, device="cpu")
    kept = evaluate(tiny_run, split="test")
    assert scored.ccc == pytest.approx(kept.ccc, abs=1e-5)
    assert scored.scores["rmse"]["valence"] == pytest.approx(kept.scores["rmse"]["valence"] * 4 / 6, abs=1e-5)
    assert scored.protocol["evaluated_on"]["scale"] == [1, 5]


def test_the_card_says_over_whom_the_interval_is(tiny_run: Path) -> None:
    interval = evaluate(tiny_run, split="test").protocol["interval"]
    assert interval == {"method": METHOD, "over": "speaker", "clusters": 2, "effective": 2.0, "unknown": []}


def test_unknown_split_lists_those_kept(tiny_run: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"split 'tst'\. Did you mean 'test'\? Kept: dev, test"):
        evaluate(tiny_run, split="tst")


def test_folder_that_is_missing_or_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: no such run folder\. Make one with `msftk train --out"):
        evaluate(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"not a run folder \(no settings\.toml\)"):
        evaluate(tmp_path)


def test_pickle_checkpoint_is_refused_given_or_found(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"\x80\x04.")
    for place in (tmp_path / "model.pt", tmp_path):
        with pytest.raises(InputError, match=r"model\.pt: a pickle checkpoint, which can run code when it is read"):
            load_model(place)


def test_run_whose_weights_are_a_pickle_is_refused(copied: Path) -> None:
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"pytorch_model\.bin: a pickle checkpoint"):
        load_model(copied)


def test_pickle_under_the_name_of_weights_is_not_opened(copied: Path) -> None:
    (copied / "model.safetensors").write_bytes(b"\x80\x04N.")
    with pytest.raises(InputError, match=r"model\.safetensors: cannot be read as weights of msftk"):
        load_model(copied)


def test_weights_cut_off_half_way_are_named(copied: Path) -> None:
    path = copied / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"model\.safetensors: cannot be read as weights of msftk"):
        load_model(copied)


@pytest.mark.parametrize("name", ["protocol.json", "settings.toml"])
def test_run_of_another_format_version_is_refused(copied: Path, name: str) -> None:
    text = (copied / name).read_text()
    old = '"format_version": 1' if name.endswith("json") else "format_version = 1"
    (copied / name).write_text(text.replace(old, old[:-1] + "99", 1))
    with pytest.raises(VersionError, match=rf"{name}: format version 99, expected 1"):
        evaluate(copied) if name.endswith("json") else load_model(copied)


def test_settings_that_do_not_fit_the_weights_are_named(copied: Path) -> None:
    text = (copied / "settings.toml").read_text()
    (copied / "settings.toml").write_text(text.replace("channels = 8", "channels = 4"))
    with pytest.raises(InputError, match=r"its weights do not fit the network of settings\.toml beside it"):
        load_model(copied)


def test_split_without_ratings_cannot_be_scored(tiny_run: Path, tone_corpus: Manifest, tone_store: Store) -> None:
    bare = replace(tone_corpus, utterances=tuple(replace(u, ratings=None) for u in tone_corpus.utterances))
    with pytest.raises(InputError, match="none of 8 utterances has both ratings and a prediction"):
        evaluate(tiny_run, bare, "test", store=tone_store, device="cpu")


def test_loaded_network_keeps_the_fitted_normalisation(tiny_run: Path) -> None:
    acoustic = load_model(tiny_run).network.acoustic
    assert np.abs(acoustic.mean.numpy()).max() > 0
