"""A folder of recordings, nothing beside them: who is chosen makes what the run reads, and every output says who."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_whisper import save_tiny_whisper

from msftk.recipes.predict import load
from msftk.store.manifest import Manifest, read_manifest, write_manifest
from msftk.types import RatingScale, Utterance

PROMPTS = Path(__file__).parents[2] / "msftk" / "demo" / "prompts" / "audio"
BY = "asr: whisper-very-small"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_whisper(tmp_path_factory.mktemp("models") / "whisper-very-small")


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """One with a transcript beside it, one with nothing."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    for name in ("invalid", "conf-locked"):
        shutil.copy(PROMPTS / f"{name}.flac", folder)
    (folder / "invalid.txt").write_text("I am sorry, that is not a valid extension.")
    return folder


def flags(model: Path) -> tuple[str, ...]:
    chosen = ("--set", f"transcriber.model={model}", "--set", "aligner.least_score=-1000")  # its words are random
    return ("--transcriber", "whisper", "--aligner", "pocketsphinx", *chosen)


def test_predict_fills_what_is_missing_and_says_who_made_it(
    msftk: Callable, tiny_run: Path, model: Path, recordings: Path, tmp_path: Path
) -> None:
    store = ("--store", tmp_path / "store")
    plain = json.loads(msftk("predict", tiny_run, recordings, "--json", *store).out)
    assert plain["absent"]["gs"] == {"no transcript": 1}
    assert plain["absent"]["les"] == {"no alignment": 2}
    ended = msftk("predict", tiny_run, recordings, *flags(model), "--out", tmp_path / "p.csv", *store)
    assert ended.code == 0, ended.err
    assert "without" not in ended.err
    bare, named = csv.DictReader((tmp_path / "p.csv").open())
    assert (bare["id"], bare["transcript_by"], bare["alignment_by"]) == ("conf-locked", BY, "pocketsphinx")
    assert (named["id"], named["transcript_by"], named["alignment_by"]) == ("invalid", "given", "pocketsphinx")
    assert {"gs", "les"} <= set(bare["sources"].split(","))
    with_words = json.loads(msftk("predict", tiny_run, recordings, "--json", *flags(model), *store).out)
    assert with_words["predictions"][0]["made_by"]["transcript"] == BY
    assert with_words["predictions"][0]["valence"] != plain["predictions"][0]["valence"]


def test_the_same_from_python(tiny_run: Path, model: Path, recordings: Path, tmp_path: Path) -> None:
    (said,) = load(tiny_run, "cpu").predict(
        recordings / "conf-locked.flac",
        store=tmp_path / "store",
        transcriber={"name": "whisper", "model": str(model)},
        aligner={"name": "pocketsphinx", "least_score": -1000},
    )
    assert said.basis.made_by["transcript"] == BY
    assert "les" in said.basis.sources


def test_a_long_recording_is_heard_whole_and_its_windows_have_its_words(
    tiny_run: Path, model: Path, tmp_path: Path
) -> None:
    import numpy as np
    import soundfile

    rate = 16_000
    sound = np.concatenate([soundfile.read(path)[0] for path in sorted(PROMPTS.iterdir())[:12]])[: 14 * rate]
    soundfile.write(tmp_path / "long.wav", sound, rate)
    said = load(tiny_run, "cpu").predict(
        tmp_path / "long.wav",
        store=tmp_path / "store",
        window_s=7,
        transcriber={"name": "whisper", "model": str(model)},
        aligner={"name": "pocketsphinx", "least_score": -1000},
    )
    assert said[0].basis.made_by["transcript"] == BY
    assert said[0].basis.made_by["alignment"] == "pocketsphinx"
    assert said.over_time.columns()["transcript_by"] == [BY, BY]


def test_extract_counts_who_made_what(msftk: Callable, model: Path, recordings: Path, tmp_path: Path) -> None:
    given = Utterance("a", recordings / "invalid.flac", transcript="I am sorry", transcript_by="asr: other")
    several = (given, Utterance("b", recordings / "conf-locked.flac"))
    write_manifest(Manifest("some", RatingScale(1, 7), several), tmp_path / "M.parquet")
    chosen = ("--transcriber", "whisper", "--set", f"transcriber.model={model}", "--set", "text.name=hashing")
    shape = ("--semantics", "gs", *chosen, "--store", tmp_path / "store")
    ended = msftk("extract", tmp_path / "M.parquet", *shape)
    assert f"transcripts: 1 asr: other, 1 {BY}" in ended.out
    plain = json.loads(msftk("extract", tmp_path / "M.parquet", "--json", *shape).out)
    assert plain["made_by"] == {"transcript": {"asr: other": 1, BY: 1}}
    assert plain["stages"]["transcript"]["found"] == 1


def test_a_manifest_is_written_with_who_wrote_each_transcript(
    msftk: Callable, model: Path, recordings: Path, tmp_path: Path
) -> None:
    given = Utterance("a", recordings / "invalid.flac", transcript="I am sorry")
    several = (given, Utterance("b", recordings / "conf-locked.flac"), Utterance("gone", tmp_path / "gone.wav"))
    write_manifest(Manifest("some", RatingScale(1, 7), several), tmp_path / "M.parquet")
    shape = ("--semantics", "gs", "--set", "text.name=hashing", "--store", tmp_path / "store", "--out")
    chosen = ("--transcriber", "whisper", "--set", f"transcriber.model={model}")
    ended = msftk("extract", tmp_path / "M.parquet", *chosen, *shape, tmp_path / "M2.parquet")
    assert ended.code == 3  # one is gone, and told
    a, b, gone = read_manifest(tmp_path / "M2.parquet").utterances
    assert (a.transcript, a.transcript_by) == ("I am sorry", None)
    assert (b.transcript_by, bool(b.transcript)) == (BY, True)
    assert (gone.transcript, gone.transcript_by) == (None, None)
    again = json.loads(msftk("extract", tmp_path / "M2.parquet", "--json", *shape[:-1]).out)
    assert again["made_by"] == {"transcript": {"given": 1, BY: 1}}
    ended = msftk("extract", tmp_path / "M.parquet", *shape, tmp_path / "M3.parquet")
    assert (ended.code, "--out: nothing is transcribed here" in ended.err) == (2, True)
