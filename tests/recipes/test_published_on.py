"""A published model on a corpus is read as a run of it is, and compared beside runs, alone or in a mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from published_models import write_published

from msftk.errors import InputError
from msftk.recipes.compare import compare
from msftk.recipes.evaluate import evaluate
from msftk.recipes.published_on import PublishedOn
from msftk.store.features import Store
from msftk.store.manifest import Manifest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_published("wav2small", tmp_path_factory.mktemp("published") / "small"))


def test_it_predicts_every_split_but_train_once(folder: str, tone_corpus: Manifest, tone_store: Store) -> None:
    said = PublishedOn(folder, tone_corpus, tone_store)
    assert sorted(said.kept_splits) == ["dev", "test"]
    predictions = said.read_predictions("test")
    assert predictions.scale == tone_corpus.scale
    assert said.read_predictions("test") is predictions
    assert said.read_card()["selection"]["on_dev"] is False
    podcast = PublishedOn(folder, replace(tone_corpus, corpus="msp-podcast"), tone_store)
    assert podcast.read_card()["selection"]["on_dev"] is True


def test_a_corpus_of_train_alone_is_refused(folder: str, tone_corpus: Manifest) -> None:
    trained = tuple(replace(one, split="train") for one in tone_corpus.utterances)
    with pytest.raises(InputError, match="no split but train"):
        PublishedOn(folder, replace(tone_corpus, utterances=trained))


def test_it_is_compared_with_a_run_and_with_the_mean_of_both(
    folder: str, tiny_run: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    found = compare(
        [tiny_run],
        "test",
        models=[folder],
        systems={"both": [tiny_run, folder]},
        combine=True,
        draws=100,
        store=tone_store,
    )
    assert list(found.systems) == [str(tiny_run), "both", folder]
    both = evaluate(tiny_run, tone_corpus, "test", models=folder, store=tone_store)
    alone = evaluate((), tone_corpus, "test", models=folder, store=tone_store)
    assert found.systems["both"].ccc["arousal"].value == pytest.approx(both.ccc["arousal"], rel=1e-5)
    assert found.systems[folder].ccc["arousal"].value == pytest.approx(alone.ccc["arousal"], rel=1e-5)
    assert list(found.facts["licences"]) == [folder]
    apart = compare([tiny_run], "test", models=[folder], systems={"two": [tiny_run, folder]}, draws=100)
    assert len(apart.systems["two"].runs) == 2
    assert np.isfinite(apart.systems["two"].ccc["arousal"].value)


def test_models_alone_need_a_corpus(folder: str, tmp_path: Path, tone_corpus: Manifest, tone_store: Store) -> None:
    other = str(write_published("wav2small", tmp_path / "other", seed=1))
    with pytest.raises(InputError, match="give the manifest that they shall predict"):
        compare(models=[folder, other])
    found = compare(models=[folder, other], manifest=tone_corpus, draws=100, store=tone_store)
    assert list(found.systems) == [folder, other]
    with pytest.raises(InputError, match="named twice"):
        compare(models=[folder], systems={folder: [folder]}, manifest=tone_corpus)
