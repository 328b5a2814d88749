"""Prediction of files, folders and manifests by a trained run, and what is used beside the audio."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_corpus import tiny_settings
from tones import write_utterance

import msftk as toolkit
from msftk.errors import InputError
from msftk.evaluation.predictions import read_predictions
from msftk.recipes.beside import utterance_of
from msftk.recipes.predict import load
from msftk.recipes.predict_result import PredictResult
from msftk.recipes.predict_table import predict_table
from msftk.recipes.prediction_table import table_columns
from msftk.recipes.recordings import collect
from msftk.recipes.table_file import write_table
from msftk.recipes.train import train
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.store.memory import MemoryStore
from msftk.types import ATTRIBUTES


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A recording with a TextGrid beside it."""
    write_utterance(tmp_path, "one")
    return tmp_path / "one.wav"


def test_load_predict_gives_the_numbers_of_training(tiny_run: Path, tone_corpus: Manifest, tone_store: Store) -> None:
    kept = read_predictions(tiny_run / "predictions" / "test.parquet")
    wanted = [u for u in tone_corpus.utterances if u.split == "test"]
    said = toolkit.load(tiny_run, device="cpu").predict(wanted, store=tone_store.root)
    assert [one.id for one in said] == [u.id for u in wanted]
    for one in said:
        expected = kept.of([one.id]).values[0]
        np.testing.assert_allclose(
            [one.values[a] for a in ATTRIBUTES], expected, atol=1e-4
        )  # batches differ in padding


def test_command_and_python_give_the_same_numbers(
    tiny_run: Path, recording: Path, tone_store: Store, msftk: Callable[..., object], tmp_path: Path
) -> None:
    out = tmp_path / "said.csv"
    ended = msftk("predict", tiny_run, recording, "--out", out, "--store", tone_store.root)
    assert ended.code == 0, ended.err  # type: ignore[attr-defined]
    row = next(csv.DictReader(out.open()))
    assert list(row)[:4] == ["id", *ATTRIBUTES]
    assert (row["id"], row["scale"], row["clipped"]) == ("one", "1..7", "false")
    (said,) = load(tiny_run).predict(recording, store=tone_store.root)
    assert {a: float(row[a]) for a in ATTRIBUTES} == said.values


def test_audio_alone_is_predicted_and_what_is_missing_is_told(
    tiny_run: Path, recording: Path, tone_store: Store, msftk: Callable[..., object]
) -> None:
    recording.with_suffix(".TextGrid").unlink()
    ended = msftk("predict", tiny_run, recording, "--json", "--store", tone_store.root)
    said = json.loads(ended.out)  # type: ignore[attr-defined]
    assert said["absent"] == {"gs": {"no transcript": 1}, "les": {"no alignment": 1}}
    assert all(np.isfinite(said["predictions"][0][a]) for a in ATTRIBUTES)
    assert said["scale"] == [1, 7]
    assert said["warning"] == "made up for tests"


def test_transcript_and_alignment_beside_the_audio_are_used(recording: Path) -> None:
    words = utterance_of(recording).transcript
    assert words
    assert utterance_of(recording).alignment == recording.with_suffix(".TextGrid")
    recording.with_suffix(".txt").write_text("What was said, in other words.\n")
    assert utterance_of(recording).transcript == "What was said, in other words."


def test_a_words_table_in_the_folder_above_is_used_where_it_lists_the_recording(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    for name in ("listed", "unlisted"):
        soundfile.write(tmp_path / "audio" / f"{name}.wav", np.ones(1600) * 0.1, 16_000)
    (tmp_path / "words.csv").write_text("id,start,end,word\nlisted,0.0,0.05,hello\nlisted,0.05,0.1,there\n")
    assert utterance_of(tmp_path / "audio" / "listed.wav").transcript == "hello there"
    assert utterance_of(tmp_path / "audio" / "unlisted.wav").alignment is None


def test_a_folder_is_searched_and_equal_stems_get_their_paths_as_ids(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "x.wav", np.ones(1600) * 0.1, 16_000)
    (tmp_path / "a" / "._x.wav").write_bytes(b"resource fork")
    found = collect(tmp_path)
    assert [u.id for u in found.utterances] == [str(tmp_path / "a" / "x.wav"), str(tmp_path / "b" / "x.wav")]
    assert found.failures == {}


def test_a_bad_recording_among_many_is_listed_and_the_rest_predicted(
    tiny_run: Path, recording: Path, tone_store: Store, msftk: Callable[..., object], tmp_path: Path
) -> None:
    (tmp_path / "broken.wav").write_bytes(b"not audio")
    out = tmp_path / "said.jsonl"
    ended = msftk("predict", tiny_run, tmp_path, "--out", out, "--store", tone_store.root)
    assert ended.code == 3  # type: ignore[attr-defined]
    assert "broken.wav" in ended.err  # type: ignore[attr-defined]
    assert [json.loads(line)["id"] for line in out.read_text().splitlines()] == ["one"]


def test_a_single_bad_recording_ends_with_its_message(
    tiny_run: Path, msftk: Callable[..., object], tmp_path: Path
) -> None:
    (tmp_path / "broken.wav").write_bytes(b"not audio")
    ended = msftk("predict", tiny_run, tmp_path / "broken.wav", "--store", tmp_path / "store")
    assert ended.code == 2  # type: ignore[attr-defined]
    assert "broken.wav" in ended.err  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (["nothing-here.wav"], r"nothing-here\.wav: no such file or folder\. Name audio files, a folder of them"),
        (["empty"], r"empty: no audio found \(looked for \.wav, \.wave, \.flac, "),
    ],
)
def test_nothing_to_predict_is_said(
    inputs: list[str], words: str, tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    with pytest.raises(InputError, match=words):
        load(tiny_run).predict([Path(one) for one in inputs], store=tmp_path / "store")


def test_the_table_follows_the_suffix_and_refuses_others(tiny_run: Path, tmp_path: Path) -> None:
    import pyarrow.parquet

    kept = read_predictions(tiny_run / "predictions" / "test.parquet")
    write_table(table_columns(kept), tmp_path / "said.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "said.parquet").column_names[:4] == ["id", *ATTRIBUTES]
    with pytest.raises(InputError, match=r"said\.xlsx: expected a file that ends in \.csv, \.jsonl, \.parquet"):
        write_table(table_columns(kept), tmp_path / "said.xlsx")


def test_a_wrong_suffix_is_told_before_the_work(tmp_path: Path, msftk: Callable[..., object]) -> None:
    ended = msftk("predict", tmp_path / "no-run", tmp_path, "--out", tmp_path / "said.xlsx")
    assert "said.xlsx: expected a file that ends in" in ended.err.replace("\n", " ")  # type: ignore[attr-defined]


def test_a_run_that_was_given_a_relative_path_predicts_from_any_folder(
    tmp_path: Path, tone_corpus: Manifest, tone_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    (here / "said.jsonl").write_text(
        "".join(f'{{"id": "{u.id}", "explanation": "it is {u.split}"}}\n' for u in tone_corpus.utterances)
    )
    settings = tiny_settings(
        "describer.name=replay", "describer.file=said.jsonl", "training.epochs=1", semantics=("es",)
    )
    monkeypatch.chdir(here)
    train(tone_corpus, settings, Path("run"), store=tone_store, device="cpu")
    train(tone_corpus, settings, Path("run"), store=tone_store, device="cpu")  # the same settings: its scores
    monkeypatch.chdir(there)
    audio = tone_corpus.utterances[0].audio
    said = load(here / "run", device="cpu").predict([audio], store=tmp_path / "store")
    assert len(said) == 1


def test_recordings_heard_together_are_answered_as_each_by_itself(
    tiny_run: Path, tone_corpus: Manifest, tone_store: Store, tmp_path: Path
) -> None:
    run = load(tiny_run, device="cpu")
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    broken = replace(tone_corpus.utterances[1], id="broken", audio=tmp_path / "broken.wav", audio_sha256=None)
    wanted = [*tone_corpus.utterances[:3], broken]  # the first has neither transcript nor alignment
    answers = run.predict_each(wanted, store=tone_store.root, window_s=0.5)
    assert list(answers) == [u.id for u in wanted]
    assert "cannot be decoded" in str(answers.pop("broken"))
    for one in wanted[:3]:
        alone, together = run.predict([one], store=tone_store.root, window_s=0.5), answers[one.id]
        assert isinstance(together, PredictResult)
        assert together.absent == alone.absent
        assert together.notes == alone.notes
        assert together[0].basis == alone[0].basis
        assert [w.start_s for w in together[0].windows] == [0.0, 0.4]
        for attribute in ATTRIBUTES:
            assert together[0].values[attribute] == pytest.approx(alone[0].values[attribute], abs=1e-5)
    assert answers["s1_0"].absent["gs"] == {"no transcript": 1}
    assert "gs" not in answers["s1_1"].absent


def test_an_option_that_predict_has_not_is_refused_by_all_that_take_its_options(
    tiny_run: Path, tone_corpus: Manifest, tmp_path: Path
) -> None:
    run, one = load(tiny_run, device="cpu"), tone_corpus.utterances[0]
    takes: list[Callable[..., object]] = [
        lambda **how: run.predict_each([one], **how),
        lambda **how: list(run.stream([one], **how)),
        lambda **how: predict_table(run, one, tmp_path / "t.csv", **how),
    ]
    for predicts in takes:
        with pytest.raises(TypeError, match=r"no option of Run\.predict: windows"):
            predicts(store=MemoryStore(), windows=8.0)
    assert not list(tmp_path.iterdir())
