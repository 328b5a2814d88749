from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
import soundfile
from tones import WORDS, tones, write_utterance

from msftk.errors import InputError
from msftk.progress import Progress
from msftk.recipes.emphasis import emphasise_file
from msftk.recipes.emphasis_corpus import emphasise_corpus
from msftk.settings import Settings, load_settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest, write_manifest
from msftk.types import RatingScale, Utterance

COLUMNS = [
    *("id", "index", "word", "start_s", "end_s", "voiced", "log_f0", "energy", "phone_duration_s"),
    *("z_pitch", "z_energy", "z_duration", "score", "emphasised", "in_segment"),
]


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings()


@pytest.fixture
def utterances(tmp_path: Path) -> list[Utterance]:
    """u3 comes before u1; u2 has a word after its audio, u4 no alignment, u5 no file."""
    good = [write_utterance(tmp_path, name) for name in ("u3", "u1")]
    late = write_utterance(tmp_path, "u2", [*WORDS, (1.95, 2.5, "late")])
    return [
        good[0],
        late,
        good[1],
        replace(good[0], id="u4", alignment=None),
        replace(good[0], id="u5", audio=tmp_path / "gone.wav"),
    ]


def manifest(utterances: list[Utterance]) -> Manifest:
    return Manifest("tones", RatingScale(1, 7), tuple(utterances), {"ratings": "none"})


def test_a_file_has_the_stressed_word_and_its_segment(tmp_path: Path) -> None:
    made = write_utterance(tmp_path, "s01")
    found = emphasise_file(made.audio, made.alignment)
    assert found.json()["segment"]["text"] == "that agent is"
    assert found.json()["id"] == "s01"


def test_a_file_that_a_table_does_not_hold_is_an_input_error(tmp_path: Path) -> None:
    made = write_utterance(tmp_path, "s01")
    table = tmp_path / "words.csv"
    table.write_text("id,index,start,end,word\nother,0,0.1,0.4,that\n")
    (tmp_path / "phones.csv").write_text("id,index,start,end,phone,word_index\nother,0,0.1,0.4,DH,0\n")
    with pytest.raises(InputError, match="s01"):
        emphasise_file(made.audio, table)


def test_a_corpus_becomes_a_table_in_manifest_order_with_a_row_a_word(
    tmp_path: Path, utterances: list[Utterance], settings: Settings
) -> None:
    out = tmp_path / "deep" / "t.parquet"
    steps: list[Progress] = []
    done = emphasise_corpus(
        manifest(utterances), out, settings=settings, store=Store(tmp_path / "store"), workers=2, progress=steps.append
    )
    table = pyarrow.parquet.read_table(out)
    assert table.column_names == COLUMNS
    assert table["id"].to_pylist() == ["u3"] * 4 + ["u1"] * 4
    assert table["word"].to_pylist() == ["that", "agent", "is", "logged"] * 2
    assert table["emphasised"].to_pylist() == [False, True, False, False] * 2
    assert table["in_segment"].to_pylist() == [True, True, True, False] * 2
    expected = emphasise_file(utterances[0].audio, utterances[0].alignment, settings).json()["words"]
    for index, row in enumerate(table.to_pylist()[:4]):
        assert row == {"id": "u3", "index": index, "in_segment": index < 3, **expected[index]}
    assert (done.n_utterances, done.n_words) == (2, 8)
    assert done.absent == {"alignment cannot be used": ("u2",), "no alignment": ("u4",)}
    assert [(step.done, step.total) for step in steps][-1] == (8, 8)
    assert steps[-1].note.endswith("s of audio a second, 1 failed")
    assert (done.n_found, done.audio_s) == (0, 4.0)
    about = json.loads(table.schema.metadata[b"msftk"])
    assert about["corpus"] == "tones"
    assert about["settings"]["scorer"] == "lemf"
    assert about["f0"]["plugin"] == "harvest"


def test_bad_utterances_are_named_and_the_others_are_done(
    tmp_path: Path, utterances: list[Utterance], settings: Settings
) -> None:
    done = emphasise_corpus(manifest(utterances), tmp_path / "t.parquet", settings=settings, store=tmp_path / "store")
    assert list(done.failures) == ["u5"]
    assert list(done.warnings) == ["u2"]
    assert "word 'late' ends at 2.500 s, but the audio ends at 2.000 s" in done.warnings["u2"]
    assert str(tmp_path / "u2.TextGrid") in done.warnings["u2"]
    assert "gone.wav: cannot be read (No such file or directory)" in done.failures["u5"]


def test_a_second_run_reads_f0_from_the_store_and_writes_the_same_table(
    tmp_path: Path, utterances: list[Utterance], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "store"
    emphasise_corpus(manifest(utterances), tmp_path / "a.parquet", settings=settings, store=place)
    monkeypatch.setattr("msftk_plugins.f0.harvest.harvest", None)  # whoever computes now fails
    again = emphasise_corpus(manifest(utterances), tmp_path / "b.parquet", settings=settings, store=place, workers=1)
    assert again.n_utterances == 2
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet").equals(pyarrow.parquet.read_table(tmp_path / "b.parquet"))


def test_a_segment_of_a_file_is_aligned_from_its_own_start(
    tmp_path: Path, utterances: list[Utterance], settings: Settings
) -> None:
    long = tmp_path / "long.flac"
    soundfile.write(long, np.concatenate([np.zeros(16_000, np.float32), tones()]), 16_000)
    cut = replace(utterances[0], audio=long, start_s=1.0, end_s=3.0)
    emphasise_corpus(manifest([cut]), tmp_path / "t.parquet", settings=settings, store=tmp_path / "store")
    words = pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pylist()
    whole = emphasise_file(utterances[0].audio, utterances[0].alignment, settings).json()["words"]
    for found, expected in zip(words, whole, strict=True):
        assert found["score"] == pytest.approx(expected["score"], abs=1e-2)  # Harvest hears the silence


def test_where_nothing_could_be_done_no_table_is_written(
    tmp_path: Path, utterances: list[Utterance], settings: Settings
) -> None:
    out = tmp_path / "t.parquet"
    out.write_text("the old one")
    with pytest.raises(InputError, match=r"tones: none of 2 utterances could be done, so .* is not written\. .*'late'"):
        emphasise_corpus(manifest([utterances[1], utterances[3]]), out, settings=settings, store=tmp_path / "store")
    with pytest.raises(InputError, match=r"None of its utterances has an alignment\."):
        emphasise_corpus(manifest([utterances[3]]), out, settings=settings, store=tmp_path / "store")
    assert out.read_text() == "the old one"
    assert not list(tmp_path.glob(".t.parquet*"))


def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, utterances: list[Utterance], settings: Settings
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/t.parquet: cannot be written .*--out"):
        emphasise_corpus(
            manifest(utterances), tmp_path / "file" / "t.parquet", settings=settings, store=tmp_path / "store"
        )


def test_a_manifest_may_be_given_by_its_path(tmp_path: Path, utterances: list[Utterance], settings: Settings) -> None:
    write_manifest(manifest(utterances[:1]), tmp_path / "m.parquet")
    done = emphasise_corpus(tmp_path / "m.parquet", tmp_path / "t.parquet", settings=settings, store=tmp_path / "store")
    assert done.n_words == 4
