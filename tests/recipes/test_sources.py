"""A published model is predicted with, evaluated and combined as a run is, with its card, notes and role."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from published_models import write_published

from msftk.errors import InputError
from msftk.recipes.evaluate import evaluate
from msftk.recipes.predict import load, load_model
from msftk.recipes.sources import HELD_OUT, SELECTED_ON, TRAINED_ON, PublishedSource
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.store.memory import MemoryStore


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_published("vox-profile", tmp_path_factory.mktemp("published") / "vox"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_published("audeering-dim", tmp_path_factory.mktemp("published") / "dim"))


def test_notes_tell_the_licence_once_and_what_is_shorter_or_longer_than_was_heard(folder: str) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 40 * 16_000).astype(np.float32)
    said = load_model(folder).predict([(noise[: s * 16_000], 16_000) for s in (1, 2, 4, 16)], store=MemoryStore())
    assert len([note for note in said.notes if "licence" in note]) == 1
    assert f"licence of {folder}: OpenRAIL (its card: no commercial use)" in said.notes[1]
    assert said.notes[0].startswith("1 longer than 15 s")
    assert f"2 shorter than 3 s, the shortest that {folder} heard in training" in said.notes
    assert [len(one.windows) for one in said] == [1, 1, 1, 2]
    assert (said.predictions.scale.low, said.predictions.scale.high) == (0, 1)
    assert not said.predictions.clipped


def test_it_is_evaluated_on_the_scale_of_the_corpus(folder: str, tone_corpus: Manifest, tone_store: Store) -> None:
    scored = evaluate((), tone_corpus, "test", models=folder, store=tone_store)
    card = scored.protocol
    assert card["model"]["layout"] == "vox-profile"
    assert card["model"]["weights"]["model.safetensors"].startswith("sha256:")
    assert card["scale"] == [0, 1]
    assert card["evaluated_on"]["scale"] == [tone_corpus.scale.low, tone_corpus.scale.high]
    assert card["seed"] is None
    said = load_model(folder).predict(tone_corpus, store=tone_store).predictions
    spread = tone_corpus.scale.high - tone_corpus.scale.low
    truth = np.array([one.ratings["valence"] for one in tone_corpus.utterances if one.ratings])
    assert np.isfinite(truth).all()
    laid = said.on(tone_corpus.scale).values
    np.testing.assert_allclose(laid, said.values * spread + tone_corpus.scale.low, rtol=1e-6)


def test_without_a_manifest_there_is_nothing_to_score(folder: str, tiny_run: Path) -> None:
    with pytest.raises(InputError, match=r"keeps no predictions. Give a manifest: msftk evaluate --model"):
        evaluate((), models=folder)
    with pytest.raises(InputError, match="keeps no predictions"):
        evaluate(tiny_run, models=folder)


def test_its_role_follows_the_splits_of_the_corpus_that_it_was_made_on(folder: str, tone_corpus: Manifest) -> None:
    source = PublishedSource(folder)
    podcast = replace(tone_corpus, corpus="msp-podcast")
    roles = {split: source.role(podcast, podcast.split(split)) for split in ("train", "dev")}
    assert roles == {"train": TRAINED_ON, "dev": SELECTED_ON}
    tested = [replace(one, split="test1") for one in podcast.split("dev")]
    assert source.role(podcast, tested) == HELD_OUT
    assert source.role(tone_corpus, tone_corpus.split("train")) == HELD_OUT


def test_a_run_and_published_models_predict_by_their_mean(
    folder: str, small: str, tiny_run: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    """In units of the first one's scale."""
    together = load(tiny_run, models=[folder, small]).predict(tone_corpus, store=tone_store).predictions
    apart = [
        one.predict(tone_corpus, store=tone_store).predictions.on(tone_corpus.scale).values
        for one in (load(tiny_run), load_model(folder), load_model(small))
    ]
    assert together.scale == tone_corpus.scale
    np.testing.assert_allclose(together.values, np.mean(apart, axis=0), rtol=1e-6)


def test_a_published_folder_named_as_a_run_is_told_its_option(folder: str) -> None:
    with pytest.raises(InputError, match=f"a model that others published goes with --model {folder}"):
        load(folder)
