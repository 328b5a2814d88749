from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from small_corpus import tiny_settings

from msftk.errors import InputError
from msftk.runs.begin import Begun, Plan, begin_run, differences, manifest_fingerprint
from msftk.runs.folder import RunFolder
from msftk.store.manifest import Manifest

PLAN = Plan(folds=None, allow_overlap=False, data="d1")


def test_a_run_begins_once_and_goes_on_under_the_same_settings_alone(tmp_path: Path, tone_corpus: Manifest) -> None:
    run = RunFolder(tmp_path / "run")
    assert begin_run(run, tiny_settings(), PLAN, tone_corpus) is Begun.NEW
    (run.state / "epoch-00001").mkdir()
    assert begin_run(run, tiny_settings(), PLAN, tone_corpus) is Begun.RESUMED
    assert begin_run(run, tiny_settings("training.trackers=tensorboard"), PLAN, tone_corpus) is Begun.RESUMED
    with pytest.raises(InputError, match=r"an unfinished run with other settings \(training.epochs: 4 -> 5\)"):
        begin_run(run, tiny_settings("training.epochs=5"), PLAN, tone_corpus)
    with pytest.raises(InputError, match="an unfinished run with folds None, now speaker"):
        begin_run(run, tiny_settings(), replace(PLAN, folds="speaker"), tone_corpus)
    with pytest.raises(InputError, match="an unfinished run on other data"):
        begin_run(run, tiny_settings(), replace(PLAN, data="d2"), tone_corpus)


def test_where_nothing_was_trained_yet_other_settings_begin_anew(tmp_path: Path, tone_corpus: Manifest) -> None:
    run = RunFolder(tmp_path / "run")
    begin_run(run, tiny_settings(), PLAN, tone_corpus)
    (run.state / "micro_batch.json").write_text("{}")
    (run.path / "tensorboard").mkdir()
    other = tiny_settings("training.epochs=5")
    assert begin_run(run, other, replace(PLAN, folds="speaker"), tone_corpus) is Begun.NEW
    assert run.read_settings() == other
    assert [path.name for path in run.state.iterdir()] == ["run.json"]
    (run.path / "folds").mkdir()
    with pytest.raises(InputError, match="an unfinished run with other settings"):
        begin_run(run, tiny_settings(), PLAN, tone_corpus)


def test_what_is_no_run_is_left_alone(tmp_path: Path, tone_corpus: Manifest) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="not empty, and no run of msftk"):
        begin_run(RunFolder(tmp_path), tiny_settings(), PLAN, tone_corpus)
    with pytest.raises(InputError, match="a file, expected a folder"):
        begin_run(RunFolder(tmp_path / "thesis.tex"), tiny_settings(), PLAN, tone_corpus)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_beginning_that_was_cut_off_is_begun_again(tmp_path: Path, tone_corpus: Manifest) -> None:
    run = RunFolder(tmp_path / "run")
    begin_run(run, tiny_settings(), PLAN, tone_corpus)
    run.plan_file.unlink()
    assert begin_run(run, tiny_settings(), PLAN, tone_corpus) is Begun.NEW


def test_the_fingerprint_follows_what_training_reads_and_not_where_it_lies(tone_corpus: Manifest) -> None:
    def with_first(**changes: object) -> Manifest:
        first, *others = tone_corpus.utterances
        return replace(tone_corpus, utterances=(replace(first, **changes), *others))

    before = manifest_fingerprint(tone_corpus)
    assert manifest_fingerprint(with_first(audio=Path("/elsewhere.wav"))) == before
    assert manifest_fingerprint(with_first(split="dev")) != before
    assert manifest_fingerprint(with_first(audio_sha256="0" * 64)) != before
    assert manifest_fingerprint(with_first(category="Happy")) != before


def test_differences_name_paths() -> None:
    assert differences(tiny_settings(), tiny_settings()) == []
    assert differences(tiny_settings(), tiny_settings("training.seed=3")) == ["training.seed: 0 -> 3"]
