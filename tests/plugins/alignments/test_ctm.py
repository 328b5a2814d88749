from __future__ import annotations

from pathlib import Path

import pytest

from msftk.errors import AbsentError, InputError
from msftk.speech.alignment import read_alignment
from msftk.testing import check_alignment_reader

WORDS = """;; made by an aligner
u1 1 0.00 0.40 hello 0.98
u1 1 0.40 0.50 there
u2 A 0.10 0.10 yes 1.0

u2 A 0.20 0.30 <eps>
"""
PHONES = "u1 1 0.00 0.20 HH\nu1 1 0.20 0.20 OW\nu1 1 0.40 0.50 SIL\n"


@pytest.fixture
def ctm(tmp_path: Path) -> Path:
    (tmp_path / "words.ctm").write_text(WORDS)
    (tmp_path / "phones.ctm").write_text(PHONES)
    return tmp_path / "words.ctm"


def test_start_and_duration_of_the_utterance_asked_for(ctm: Path) -> None:
    alignment = read_alignment(ctm, "u1")
    assert alignment.words.labels == ("hello", "there")
    assert alignment.words.end_s.tolist() == [0.4, 0.9]
    assert alignment.phones.labels == ("HH", "OW", "SIL")
    assert read_alignment(ctm, "u2").spoken_words == ("yes",)
    check_alignment_reader("ctm", ctm, "u1")


def test_unknown_utterance_is_absent(ctm: Path) -> None:
    with pytest.raises(AbsentError, match=r"words\.ctm: no words of utterance 'u3'"):
        read_alignment(ctm, "u3")


def test_file_of_one_utterance_is_read_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "u7.ctm"
    path.write_text("audio/u7.wav 1 0.5 0.25 hello\n")
    assert read_alignment(path, "u7").words.end_s.tolist() == [0.75]
    with pytest.raises(AbsentError, match="no words of utterance 'u8'"):
        read_alignment(path, "u8")


def test_two_channels_need_one_named(ctm: Path) -> None:
    ctm.write_text(WORDS + "u2 B 0.15 0.10 no\n")
    with pytest.raises(
        InputError, match=r"words\.ctm:7: 'u2' has channels A and B, expected one\. Split the file by channel, or name"
    ):
        read_alignment(ctm, "u2")
    assert read_alignment(ctm, "u2", options={"channel": "B"}).spoken_words == ("no",)


def test_short_line_and_bad_number_are_found_by_their_line(ctm: Path) -> None:
    ctm.write_text(WORDS.replace("0.10 0.10", "0.10 long"))
    assert len(read_alignment(ctm, "u1").words) == 2
    with pytest.raises(InputError, match=r"words\.ctm:4: duration is 'long', expected seconds\. Correct the row"):
        read_alignment(ctm, "u2")
    ctm.write_text(WORDS.replace(" yes 1.0", ""))
    with pytest.raises(
        InputError, match=r"words\.ctm:4: 4 columns, expected id, channel, start, duration and word\. Complete"
    ):
        read_alignment(ctm, "u1")
