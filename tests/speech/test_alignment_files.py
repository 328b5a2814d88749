from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk.speech.alignment_files import alignment_beside, alignments_under, the_only


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in" / "a.wav"


def test_beside_audio_every_reader_is_asked_in_any_case(audio: Path) -> None:
    for name in ("a.textgrid", "a.JSON", "a.WdSeg", "a.ctm"):
        own = audio.with_name(name)
        own.write_text("")
        audio.with_name("a.txt").write_text("a transcript")
        assert alignment_beside(audio) == own
        own.unlink()
    assert alignment_beside(audio) is None


def test_two_that_compete_are_refused_and_parts_of_one_are_one(audio: Path) -> None:
    for name in ("a.wdseg", "a.phseg"):
        audio.with_name(name).write_text("")
    assert the_only("a", alignments_under(audio.parent)["a"]) in (
        audio.with_suffix(".wdseg"),
        audio.with_suffix(".phseg"),
    )
    audio.with_name("a.TextGrid").write_text("")
    with pytest.raises(InputError, match=r"several alignments of 'a': .*a\.TextGrid, .*a\.phseg\. Keep one of them\."):
        alignment_beside(audio)


def test_a_table_of_words_here_or_above_that_lists_the_recording(audio: Path) -> None:
    table = audio.parents[1] / "words.csv"
    table.write_text("ID;start;end;Word\na;0;1;red\n")
    assert alignment_beside(audio) == table
    assert alignment_beside(audio.with_name("b.wav")) is None
    nearer = audio.with_name("words.csv")
    shutil.copy(table, nearer)
    assert alignment_beside(audio) == nearer


def test_a_table_that_is_none_is_left_to_its_reader_to_refuse(audio: Path) -> None:
    table = audio.with_name("words.csv")
    table.write_text("word,count\nthe,3\n")
    assert alignment_beside(audio) == table


def test_folders_are_searched_at_every_depth_and_hidden_files_are_not(tmp_path: Path) -> None:
    for name in ("x/u1.TextGrid", "x/y/u2.json", "x/._u3.TextGrid", "u4.lab"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert alignments_under(tmp_path) == {"u1": [tmp_path / "x/u1.TextGrid"], "u2": [tmp_path / "x/y/u2.json"]}
    with pytest.raises(InputError, match=r"gone: no such folder of alignments\. Correct its path\."):
        alignments_under(tmp_path / "gone")


def test_a_folder_that_is_gone_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone: cannot be read \(No such file or directory\)"):
        alignment_beside(tmp_path / "gone" / "a.wav")
