"""A run folder of a published model serves all that takes a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from published_models import write_published

from msftk.errors import InputError
from msftk.recipes.compare import compare
from msftk.recipes.evaluate import evaluate
from msftk.recipes.predict import load, load_model
from msftk.recipes.published_run import PublishedRun, published_run
from msftk.recipes.report import write_report
from msftk.runs.folder import RunFolder
from msftk.store.features import Store
from msftk.store.manifest import Manifest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published("audeering-dim", tmp_path_factory.mktemp("published") / "dim")


@pytest.fixture(scope="module")
def made(
    folder: Path, tone_corpus: Manifest, tone_store: Store, tmp_path_factory: pytest.TempPathFactory
) -> PublishedRun:
    return published_run(str(folder), tone_corpus, tmp_path_factory.mktemp("runs") / "dim", store=tone_store)


def test_it_keeps_what_the_model_says_of_every_split_but_train(
    made: PublishedRun, folder: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    assert made.splits == {split: len(tone_corpus.split(split)) for split in ("dev", "test")}
    anew = evaluate((), tone_corpus, "test", models=str(folder), store=tone_store)
    kept = evaluate(made.run, split="test")
    assert kept.ccc == pytest.approx(anew.ccc, rel=1e-9)
    assert (kept.role, evaluate(made.run, split="dev").role) == ("held out", "held out")
    assert kept.protocol["model"]["layout"] == "audeering-dim"


def test_on_the_corpus_that_it_was_made_on_dev_chose_it(
    folder: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    podcast = replace(tone_corpus, corpus="msp-podcast")
    run = published_run(str(folder), podcast, tmp_path / "run", store=tone_store).run
    assert evaluate(run, split="dev").role == "selected on"
    assert evaluate(run, split="test").role == "held out"


def test_it_predicts_as_the_model_on_the_scale_of_the_corpus(
    made: PublishedRun, folder: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    said = load(made.run).predict(tone_corpus, store=tone_store).predictions
    published = load_model(str(folder)).predict(tone_corpus, store=tone_store).predictions
    assert said.scale == tone_corpus.scale
    np.testing.assert_allclose(said.values, published.on(tone_corpus.scale).values, rtol=1e-6)


def test_it_is_compared_with_a_run_and_reported(made: PublishedRun, tiny_run: Path, tmp_path: Path) -> None:
    found = compare([tiny_run, made.run], "test", draws=100)
    assert len(found.systems) == 2
    page = write_report(made.run, tmp_path / "report.html").read_text()
    assert f"<title>{RunFolder(made.run).read_card()['model']['name']} on tones</title>" in page


def test_a_folder_that_is_there_and_a_corpus_of_train_alone_are_refused(
    made: PublishedRun, folder: Path, tone_corpus: Manifest, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="exists already"):
        published_run(str(folder), tone_corpus, made.run)
    trained = tuple(replace(one, split="train") for one in tone_corpus.utterances)
    with pytest.raises(InputError, match="no split but train"):
        published_run(str(folder), replace(tone_corpus, utterances=trained), tmp_path / "none")
    assert not (tmp_path / "none").exists()
