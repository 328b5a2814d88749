"""`msftk train` and `msftk evaluate`: what they print, their JSON, and their exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from small_corpus import TINY

from msftk.store.features import Store
from msftk.store.manifest import Manifest, read_manifest, write_manifest


@pytest.fixture
def arguments(tmp_path: Path, tone_corpus: Manifest, tone_store: Store) -> list[object]:
    """A small training on the command line, into tmp_path/run."""
    write_manifest(tone_corpus, tmp_path / "m.parquet")
    sets = [part for one in TINY for part in ("--set", one)]
    place = ["--store", tone_store.root, "--out", tmp_path / "run", "--device", "cpu"]
    return ["train", tmp_path / "m.parquet", *sets, "--epochs", 1, *place]


def test_train_prints_ccc_experts_missing_counts_and_next_steps(msftk: Callable, arguments: list[object]) -> None:
    ended = msftk(*arguments, "--fusion", "fm-moe", "--semantics", "gs,les,es")
    assert ended.code == 0, ended.err
    for words in (
        "dev (selected on)",
        "test (held out)",
        "test: 2 speakers: the interval holds for others as far as these are like them",
        "dev: les absent in 1 (no alignment)",
        "share of variance (CCC lost",
        "extended",
        "ratings are made up for tests: not a score on human emotion",
        "next: msftk predict",
    ):
        assert words in ended.out


def test_train_json_is_one_object(msftk: Callable, arguments: list[object]) -> None:
    ended = msftk(*arguments, "--fusion", "none", "--json")
    assert ended.code == 0, ended.err
    shaped = json.loads(ended.out)
    assert list(shaped) == ["run", "evaluations", "epochs", "failures", "seconds"]
    assert set(shaped["evaluations"]) == {"dev", "test"}


def test_second_training_into_the_same_folder_is_refused(msftk: Callable, arguments: list[object]) -> None:
    assert msftk(*arguments, "--fusion", "none").code == 0
    ended = msftk(*arguments, "--fusion", "none", "--seed", "3")
    assert ended.code == 2
    assert "a finished run with other settings (training.seed: 0 -> 3). It is not overwritten" in ended.err


def test_the_same_command_on_a_finished_run_prints_its_scores(msftk: Callable, arguments: list[object]) -> None:
    first = msftk(*arguments, "--fusion", "none")
    again = msftk(*arguments, "--fusion", "none")
    assert (first.code, again.code) == (0, 0)
    assert again.out == "trained before: these are its scores\n" + first.out


def test_folds_print_mean_and_spread(msftk: Callable, arguments: list[object]) -> None:
    ended = msftk(*arguments, "--fusion", "none", "--folds", "speaker:3")
    assert ended.code == 0, ended.err
    assert "mean ± sd of 3 folds" in ended.out


def test_unknown_folds_are_a_usage_error(msftk: Callable, arguments: list[object]) -> None:
    ended = msftk(*arguments, "--folds", "kfold")
    assert ended.code == 2
    assert "unknown folds 'kfold'" in ended.err


def test_unreadable_audio_ends_with_exit_code_3(msftk: Callable, arguments: list[object], tmp_path: Path) -> None:
    corpus = read_manifest(tmp_path / "m.parquet")
    (tmp_path / "bad.wav").write_text("no audio")
    bad = replace(corpus.utterances[0], id="bad", audio=tmp_path / "bad.wav", audio_sha256=None)
    write_manifest(replace(corpus, utterances=(*corpus.utterances, bad)), tmp_path / "m.parquet")
    ended = msftk(*arguments, "--fusion", "none")
    assert ended.code == 3
    assert "1 failed:" in ended.err
    assert "bad.wav" in ended.err


def test_evaluate_prints_scores_and_card(msftk: Callable, tiny_run: Path) -> None:
    ended = msftk("evaluate", tiny_run, "--split", "test")
    assert "CCC with only these sources" in ended.out
    assert "gs,les,es" in ended.out
    assert ended.code == 0, ended.err
    for words in ("test (held out)", "Pearson r", "CCC within category", "corpus tones, scale 1..7, seed 0"):
        assert words in ended.out


def test_evaluate_json_is_one_object(msftk: Callable, tiny_run: Path) -> None:
    ended = msftk("evaluate", tiny_run, "--split", "dev", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["protocol"]["role"] == "selected on"


def test_evaluate_of_no_run_is_a_usage_error(msftk: Callable, tmp_path: Path) -> None:
    ended = msftk("evaluate", tmp_path / "none")
    assert ended.code == 2
    assert "no such run folder" in ended.err
