"""Inputs from the wild, as a user meets them at the command line: each ends in the right value, or in words.

Further ones stand where their reader is tested: alignments in plugins/alignments/test_cases.py, MSP-Podcast and IEMOCAP
in plugins/corpora, texts of one name in recipes/test_text_only.py, cut, endless and Git LFS audio in
speech/test_audio_file.py, sound in memory in recipes/test_recordings.py, loud audio in doctor/test_examine.py.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from msftk.store.features import Store
from msftk.store.manifest import Manifest, read_manifest

CASES = Path(__file__).parent / "fixtures" / "cases"
SCALE = ("--scale", "1..5")
GRID = (CASES / "a.TextGrid").read_bytes()
ODD_GRID = GRID.replace(b'"words"', b'"ORT-MAU"')


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's with two recordings, where commands run."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.flac", "b.flac"):
        shutil.copy(CASES / "a.flac", tmp_path / name)
    return tmp_path


@pytest.fixture
def predict(msftk: Callable[..., Any], tiny_run: Path, tone_store: Store) -> Callable[..., Any]:
    """Runs `msftk predict RUN ARGUMENTS --json`: what it answers, or how it ended where it failed."""

    def call(*arguments: object) -> Any:
        ended = msftk("predict", tiny_run, *arguments, "--store", tone_store.root, "--json")
        return json.loads(ended.out) if ended.code in (0, 3) else ended

    return call


def prepared(msftk: Callable[..., Any], table: str, *flags: str) -> Manifest:
    """What `msftk prepare csv` makes of a table in this folder."""
    Path("t.csv").write_text(table)
    ended = msftk("prepare", "csv", "t.csv", "--out", "t.parquet", *flags)
    assert ended.code == 0, ended.err
    return read_manifest(Path("t.parquet"))


def ids(answer: Any) -> list[str]:
    return [one["id"] for one in answer["predictions"]]


# ------------------------------------------------------------------ corpora


def test_a_rated_segment_is_not_the_whole_file(here: Path, msftk: Callable[..., Any]) -> None:
    rows = "a.flac,0 days 00:00:00.100000,0 days 00:00:00.300000,1.5\na.flac,0.35,0.55,4.5\n"
    first, second = prepared(msftk, "file,start,end,valence\n" + rows, *SCALE).utterances
    assert (first.id, first.start_s, first.end_s, first.ratings) == ("a_0.100-0.300", 0.1, 0.3, {"valence": 1.5})
    assert (second.id, second.start_s, second.end_s, second.ratings) == ("a_0.350-0.550", 0.35, 0.55, {"valence": 4.5})


@pytest.mark.parametrize("place", ["", "speaker/", "deep/er/"])
@pytest.mark.parametrize("ending", ["TextGrid", "textgrid", "TEXTGRID"])
def test_an_alignment_is_found_beside_other_files_of_its_name(
    here: Path, msftk: Callable[..., Any], place: str, ending: str
) -> None:
    folder = here / "aligned" / place
    folder.mkdir(parents=True)
    for other in ("lab", "txt"):
        (folder / f"a.{other}").write_text("red boat left")
    (folder / f"a.{ending}").write_bytes(GRID)
    (only,) = prepared(msftk, "id,audio\na,a.flac\n", "--set", "alignments=aligned").utterances
    assert only.alignment is not None
    assert only.alignment.name == f"a.{ending}"


def test_alignments_of_nobody_are_an_error(here: Path, msftk: Callable[..., Any]) -> None:
    (here / "aligned").mkdir()
    (here / "aligned" / "other.TextGrid").write_bytes(GRID)
    (here / "t.csv").write_text("id,audio\na,a.flac\n")
    ended = msftk("prepare", "csv", "t.csv", "--set", "alignments=aligned", "--out", "t.parquet")
    assert (ended.code, (here / "t.parquet").exists()) == (2, False)
    assert "nothing in it has the id of an utterance, such as 'a' (found: other)" in ended.err


def test_columns_are_found_in_any_case(here: Path, msftk: Callable[..., Any]) -> None:
    table = "ID,File,Speaker,Text,Valence,Arousal,Dominance\nu1,a.flac,s1,go home,2,3,4\n"
    (only,) = prepared(msftk, table, *SCALE, "--column", "audio=File").utterances
    assert (only.id, only.speaker, only.transcript) == ("u1", "s1", "go home")
    assert only.ratings == {"valence": 2, "arousal": 3, "dominance": 4}


def test_audio_lies_under_a_relative_root(here: Path, msftk: Callable[..., Any]) -> None:
    (here / "audio").mkdir()
    (here / "a.flac").rename(here / "audio" / "a.flac")
    (only,) = prepared(msftk, "id,audio\nu1,a.flac\n", "--set", "audio_root=audio").utterances
    assert only.audio == here / "audio" / "a.flac"


@pytest.mark.parametrize("nothing", ["", "nan", "NaN", "NA", "<NA>", "None", "null", "NULL"])
def test_what_stands_for_nothing_costs_no_other_cell(here: Path, msftk: Callable[..., Any], nothing: str) -> None:
    table = f"id,audio,speaker,transcript,valence,arousal\nu1,a.flac,{nothing},{nothing},{nothing},4\n"
    (only,) = prepared(msftk, table, *SCALE).utterances
    assert (only.speaker, only.transcript, only.ratings) == (None, None, {"arousal": 4})


# ------------------------------------------------------------------ predictions


@pytest.mark.parametrize(
    ("ending", "kind", "rate_hz"), [("opus", "OPUS", 48_000), ("AIF", None, 16_000), ("au", None, 8_000)]
)
def test_a_folder_of_whatever_can_be_decoded(
    here: Path, predict: Callable[..., Any], ending: str, kind: str | None, rate_hz: int
) -> None:
    (here / "notes").mkdir()
    tone = 0.1 * np.sin(np.arange(rate_hz))
    form = {"opus": "OGG", "AIF": "AIFF", "au": "AU"}[ending]
    soundfile.write(here / "notes" / f"note.{ending}", tone, rate_hz, format=form, subtype=kind)
    assert ids(predict("notes")) == ["note"]


def test_a_folder_without_audio_says_so_in_words(here: Path, predict: Callable[..., Any]) -> None:
    (here / "notes").mkdir()
    (here / "notes" / "note.docx").touch()
    ended = predict("notes")
    assert ended.code == 2
    assert "notes: no audio found (looked for .wav" in ended.err
    assert "found 1 other file" in ended.err
    assert "Path" not in ended.err


@pytest.mark.parametrize("ending", ["TextGrid", "textgrid", "TEXTGRID"])
def test_an_alignment_beside_is_seen_in_any_case(here: Path, predict: Callable[..., Any], ending: str) -> None:
    (here / f"a.{ending}").write_bytes(GRID)
    assert predict("a.flac")["absent"] == {}


def test_an_odd_file_beside_costs_one_source_and_no_score(here: Path, predict: Callable[..., Any]) -> None:
    (here / "a.TextGrid").write_bytes(ODD_GRID)
    answer = predict(".")
    assert ids(answer) == ["a", "b"]
    assert answer["absent"]["les"] == {"alignment cannot be used": 1, "no alignment": 1}
    (note,) = answer["notes"]
    assert "a.TextGrid: no tier named 'words' (found: 'ORT-MAU'" in note
    assert "Name the tier with --word-tier ORT-MAU" in note
    assert "alignment cannot be used" not in str(predict("a.flac", "--word-tier", "ORT-MAU")["absent"])
    assert "alignment cannot be used" not in str(predict("a.flac", "--set", "alignment.word_tier=ORT-MAU")["absent"])


def test_a_table_of_something_else_is_told_once(here: Path, predict: Callable[..., Any]) -> None:
    (here / "words.csv").write_text("word,count\nthe,3\n")
    answer = predict(".")
    assert ids(answer) == ["a", "b"]
    assert answer["notes"] == [
        "2 recordings: words.csv: no column 'id' (found: word, count). "
        "Name the columns id, start, end (or duration), word or phone."
    ]


def test_names_are_shown_as_they_are(here: Path, msftk: Callable[..., Any], tiny_run: Path, tone_store: Store) -> None:
    names = ["clip [final]", "take[b]2", "[bold red]x"]
    for name in names:
        shutil.copy(here / "a.flac", here / f"{name}.flac")
    (here / "red\x1b[31m.flac").symlink_to(here / "a.flac")
    ended = msftk("predict", tiny_run, here, "--store", tone_store.root)
    assert all(name in ended.out for name in names)
    assert "\x1b" not in ended.out + ended.err


def test_a_transcript_in_another_encoding_costs_no_score(here: Path, predict: Callable[..., Any]) -> None:
    (here / "a.txt").write_bytes("d\u00e9j\u00e0 vu".encode("latin-1"))
    (here / "b.txt").write_text("go home")
    answer = predict(".")
    assert ids(answer) == ["a", "b"]
    assert answer["absent"]["gs"] == {"no transcript": 1}
    assert "a.txt:1: byte 0xe9 is not UTF-8 (Latin-1 or Windows-1252?). Save it as UTF-8." in answer["notes"][0]


@pytest.mark.parametrize("times", [32_768, 1_000])
def test_sound_far_beyond_full_scale_is_named(here: Path, predict: Callable[..., Any], times: int) -> None:
    samples, rate_hz = soundfile.read(here / "a.flac", dtype="float32")
    soundfile.write(here / "loud.wav", samples * times, rate_hz, subtype="FLOAT")
    notes = predict("loud.wav", "a.flac")["notes"]
    assert len(notes) == 1
    assert "loud.wav: far beyond full scale" in notes[0]


def test_a_place_that_takes_no_table_is_found_before_the_work(here: Path, predict: Callable[..., Any]) -> None:
    for place in ("/dev/null/x.csv", f"{here}/a.flac/x.csv", f"{here}/{'n' * 300}.csv"):
        ended = predict("nothing-is-opened.flac", "--out", place)
        assert ended.code == 2
        assert "cannot be written" in ended.err
        assert "--out" in ended.err


def test_one_bad_name_and_one_empty_file_do_not_end_the_others(here: Path, predict: Callable[..., Any]) -> None:
    shutil.copy(here / "a.flac", os.fsencode(here) + b"/caf\xe9.flac")
    (here / "empty.wav").touch()
    answer = predict(".")
    assert ids(answer) == ["a", "b"]
    assert answer["failures"] == {
        "caf\udce9.flac": "caf\\udce9.flac: a name that is not UTF-8. Rename the file.",
        "empty.wav": "empty.wav: an empty file. Copy it again, or record again.",
    }
