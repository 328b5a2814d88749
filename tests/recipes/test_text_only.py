"""Text without sound, from the manifest to predictions; and meaning alone on a corpus that has sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_corpus import tiny_settings

from msftk.errors import InputError
from msftk.preparation.extract import extract
from msftk.recipes.evaluate import evaluate
from msftk.recipes.predict import load
from msftk.recipes.train import TrainResult, train
from msftk.runs.inputs import NO_AUDIO
from msftk.store.features import Store
from msftk.store.manifest import Manifest, read_manifest, write_manifest
from msftk.types import Utterance


@pytest.fixture(scope="module")
def texts(tone_corpus: Manifest) -> Manifest:
    """The tones' transcripts without the tones."""
    silent = [
        replace(u, audio=None, alignment=None, audio_sha256=None, duration_s=None) for u in tone_corpus.utterances
    ]
    return replace(tone_corpus, utterances=tuple(silent))


@pytest.fixture(scope="module")
def trained(texts: Manifest, tone_store: Store, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    run = tmp_path_factory.mktemp("texts") / "run"
    return train(texts, tiny_settings(semantics=("gs",)), run, store=tone_store, device="cpu")


def test_manifest_of_texts_comes_back_as_it_was(texts: Manifest, tmp_path: Path) -> None:
    write_manifest(texts, tmp_path / "m.parquet")
    assert read_manifest(tmp_path / "m.parquet") == texts


def test_text_corpus_is_trained_without_sound(trained: TrainResult, texts: Manifest) -> None:
    assert (trained.settings.fusion.name, trained.settings.acoustic.name) == ("semantics-only", "none")
    assert trained.failures == {}
    assert trained.evaluations["test"].n == len(texts.split("test"))
    network = load(trained.run, "cpu").ensemble.models[0].network
    assert not network.acoustic.reads_sound
    assert network.expert_names == ("semantic",)
    assert {name.partition(".")[0] for name, _ in network.named_parameters()} == {"fusion", "heads"}


def test_same_words_get_the_same_prediction(trained: TrainResult, texts: Manifest) -> None:
    said = load(trained.run, "cpu").predict(texts)
    by_text: dict[str | None, set[float]] = {}
    for utterance, one in zip(texts.utterances, said, strict=True):
        by_text.setdefault(utterance.transcript, set()).add(round(one.values["valence"], 5))
    assert all(len(values) == 1 for values in by_text.values())
    assert len(set.union(*by_text.values())) == len(by_text) == 3  # "now", "here", and no transcript
    assert said.absent == {"gs": {"no transcript": 1}}


def test_evaluate_predicts_texts_anew(trained: TrainResult, texts: Manifest, tone_store: Store) -> None:
    anew = evaluate(trained.run, texts, "test", store=tone_store, device="cpu")
    assert anew.n == 8
    np.testing.assert_allclose(anew.scores["rmse"]["valence"], trained.evaluations["test"].scores["rmse"]["valence"])


def test_text_files_are_predicted(trained: TrainResult, msftk: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("please stop now\n")
    said = load(trained.run, "cpu").predict(tmp_path / "a.txt")
    known = load(trained.run, "cpu").predict([Utterance("x", None, transcript="please stop now")])
    assert next(iter(said)).values == next(iter(known)).values
    ended = msftk("predict", trained.run, tmp_path / "a.txt", "--store", tmp_path / "store", "--device", "cpu")
    assert (ended.code, "a " in ended.out) == (0, True)


def test_texts_of_one_name_keep_their_own_scores(trained: TrainResult, tmp_path: Path) -> None:
    for folder, text in {"one": "a good happy day", "two": "a bad awful mess"}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.txt").write_text(text)
    paths = [tmp_path / "one" / "x.txt", tmp_path / "two" / "x.txt"]
    said = load(trained.run, "cpu").predict(paths)
    assert [one.id for one in said] == [str(path) for path in paths]
    assert said[0].values != said[1].values
    alone = load(trained.run, "cpu").predict(paths[1])[0]
    assert said[1].values == pytest.approx(alone.values, abs=1e-5)


def test_command_says_that_it_trains_on_text(
    texts: Manifest, msftk: Callable[..., Any], tmp_path: Path, tone_store: Store
) -> None:
    write_manifest(texts, tmp_path / "m.parquet")
    small = [word for one in ("text.name=hashing", "training.epochs=1") for word in ("--set", one)]
    ended = msftk(
        "train",
        tmp_path / "m.parquet",
        "--semantics",
        "gs",
        "--out",
        tmp_path / "run",
        "--store",
        tone_store.root,
        *small,
    )
    assert ended.code == 0, ended.err
    assert "the corpus is text without sound: trained with --fusion semantics-only" in ended.out


def test_fusion_that_reads_sound_is_refused_on_text(texts: Manifest, tmp_path: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"fusion 'film' reads sound, and no utterance of the corpus has audio\. Take --fusion semantics-only\.",
    ):
        train(texts, tiny_settings("fusion.name=film", semantics=("gs",)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_fusion_that_reads_sound_is_refused_without_an_encoder(
    tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    settings = tiny_settings(fusion={"name": "concat"}, acoustic={"name": "none"}, semantics=("gs",))
    with pytest.raises(
        InputError, match=r"fusion 'concat' reads sound, and acoustic encoder 'none' gives none\. Take a fusion"
    ):
        train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")


def test_meaning_alone_opens_no_audio(tone_corpus: Manifest, tone_store: Store, tmp_path: Path) -> None:
    moved = [replace(u, audio=tmp_path / "gone.wav") for u in tone_corpus.utterances]
    corpus = replace(tone_corpus, utterances=tuple(moved))
    settings = tiny_settings(fusion={"name": "semantics-only"}, semantics=("gs",))
    result = train(corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
    assert (result.failures, result.evaluations["test"].n) == ({}, 8)


def test_model_that_listens_lists_texts_as_failures(
    tiny_run: Path, tone_corpus: Manifest, texts: Manifest, tone_store: Store
) -> None:
    said = load(tiny_run, "cpu").predict([tone_corpus.utterances[0], texts.utterances[1]], store=tone_store.root)
    name = texts.utterances[1].id
    assert said.failures == {name: f"{name}: {NO_AUDIO}"}
    assert len(said) == 1


def test_sources_that_need_sound_are_absent(texts: Manifest, tone_store: Store) -> None:
    settings = tiny_settings(semantics=("gs", "les", "es"))
    prepared = extract(texts.utterances, settings, tone_store, with_f0=True)
    assert prepared.failures == {}
    assert prepared.absent["les"] == {"no audio": 24}
    assert prepared.absent["es"] == {"no audio": 24}


def test_nothing_is_predicted_from_neither_sound_nor_meaning(trained: TrainResult) -> None:
    assert set(trained.evaluations["test"].by_sources) == {"gs"}
