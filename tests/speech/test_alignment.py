from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from msftk.errors import AbsentError, InputError
from msftk.speech.alignment import is_spoken, make_alignment, make_tier, read_alignment
from msftk.types import Tier

NO_PHONES = make_tier((), (), ())


def tier(*intervals: tuple[float, float, str]) -> Tier:
    starts, ends, labels = zip(*intervals, strict=True)
    return make_tier(starts, ends, labels)


UNSPOKEN = (
    "  ~sil~SIL~sp~spn~SPN~NSN~<s>~</s>~<sil>~<eps>~<p:>~++UM++~+NSN+~[x]~[laughter]~{LG}~(breath)~h#~pau~epi~_~_:~#"
)
SPOKEN = "silence~um~laughter~a~it's~word(2)~@~@L~a:~{~+~C++"


@pytest.mark.parametrize("label", UNSPOKEN.split("~"))
def test_silence_filler_and_noise_are_not_spoken(label: str) -> None:
    assert not is_spoken(label)


@pytest.mark.parametrize("label", SPOKEN.split("~"))
def test_words_and_phones_of_any_alphabet_are_spoken(label: str) -> None:
    assert is_spoken(label)


def test_spoken_words_leave_out_silences() -> None:
    words = tier((0, 0.1, ""), (0.1, 0.3, "hello"), (0.3, 0.4, "sp"), (0.4, 0.8, " there "))
    assert make_alignment(words, NO_PHONES, "a").spoken_words == ("hello", "there")
    assert words.start_s.dtype == np.float64


def test_words_that_share_a_phone_as_in_timit_are_accepted() -> None:
    words = tier((0.1369, 0.6005, "carl"), (0.4517, 0.8549, "lives"))
    assert make_alignment(words, NO_PHONES, "a").spoken_words == ("carl", "lives")


def test_words_may_leave_gaps_and_no_words_pass_here() -> None:
    make_alignment(tier((0, 0.1, "a"), (5, 6, "b")), NO_PHONES, "a")
    assert make_alignment(NO_PHONES, NO_PHONES, "a").spoken_words == ()


@pytest.mark.parametrize(
    "second",
    [(0.1, 0.9, "b"), (0.3, 0.5, "b"), (0.24, 0.9, "b")],
    ids=["starts before", "lies inside", "overlaps by more than a phone"],
)
def test_overlap_beyond_order_names_both_words(second: tuple[float, float, str]) -> None:
    with pytest.raises(
        InputError,
        match=r"s01: word 2 'b' \(.+ s\) overlaps its predecessor 'a' \(0\.2 to 0\.6 s\): expected words in order that "
        r"share at most 0\.25 s\. Correct their times\.",
    ):
        make_alignment(tier((0.2, 0.6, "a"), second), NO_PHONES, "s01")


def test_phones_are_checked_like_words() -> None:
    with pytest.raises(InputError, match=r"s01: phone 2 'AH' \(0\.05 to 0\.1 s\) overlaps its predecessor 'HH'"):
        make_alignment(tier((0, 1, "a")), tier((0.1, 0.2, "HH"), (0.05, 0.1, "AH")), "s01")


@pytest.mark.parametrize("end_s", [0.5, 0.2])
def test_word_without_length_is_refused(end_s: float) -> None:
    with pytest.raises(InputError, match=r"s01: word 1 'a' \(0\.5 to .+ s\): expected its end after its start"):
        make_alignment(tier((0.5, end_s, "a")), NO_PHONES, "s01")


@pytest.mark.parametrize("start_s", [-0.1, np.nan, -np.inf])
def test_negative_or_missing_time_is_refused(start_s: float) -> None:
    with pytest.raises(InputError, match=r"s01: word 2 'b' \(.+\): expected times from 0 s\. Correct its times\."):
        make_alignment(tier((0, 0.5, "a"), (start_s, 0.9, "b")), NO_PHONES, "s01")


def test_reader_is_chosen_by_file_name(tmp_path: Path) -> None:
    table = tmp_path / "words.csv"
    table.write_text("id,index,start,end,word\nu1,0,0.0,0.5,hello\nu2,0,0.0,0.5,there\n")
    assert read_alignment(table, "u2").spoken_words == ("there",)
    with pytest.raises(AbsentError, match=r"words\.csv: no words of utterance 'u3'\. Add its rows, or go on without"):
        read_alignment(table, "u3")
    other = tmp_path / "words.txt"
    other.write_text(table.read_text())
    assert read_alignment(other, "u1", reader="tables").spoken_words == ("hello",)
    with pytest.raises(InputError, match=r"words\.txt: no alignment reader for this file name\. Readers .+ \.textgrid"):
        read_alignment(other, "u1")
    with pytest.raises(InputError, match=r"gone\.TextGrid: no such file\. Check the path of the alignment\."):
        read_alignment(tmp_path / "gone.TextGrid")
