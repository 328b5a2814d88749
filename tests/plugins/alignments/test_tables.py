from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk.speech import alignment_table
from msftk.speech.alignment import read_alignment

WORDS = "id,index,start,end,word\nu1,0,0.00,0.40,hello\nu1,1,0.40,0.90,there\nu2,0,0.10,0.20,yes\n"
PHONES = "id,index,start,end,phone,word_index\nu1,0,0.00,0.20,HH,0\nu1,1,0.20,0.40,OW,0\nu1,2,0.40,0.50,SIL,\n"


@pytest.fixture
def words(tmp_path: Path) -> Path:
    (tmp_path / "words.csv").write_text(WORDS)
    (tmp_path / "phones.csv").write_text(PHONES)
    return tmp_path / "words.csv"


def test_words_and_phones_of_one_utterance(words: Path) -> None:
    alignment = read_alignment(words, "u1")
    assert alignment.words.labels == ("hello", "there")
    assert alignment.words.end_s.tolist() == [0.4, 0.9]
    assert alignment.phones.labels == ("HH", "OW", "SIL")
    assert alignment.phones.spoken.tolist() == [True, True, False]
    assert len(read_alignment(words, "u2").phones) == 0


def test_a_table_of_durations_is_read(words: Path) -> None:
    words.write_text("id,start,Duration,word\nu1,0.00,0.40,hello\nu1,0.40,0.50,there\n")
    assert read_alignment(words, "u1").words.end_s.tolist() == [0.4, 0.9]
    words.write_text("id,start,word\nu1,0.00,hello\n")
    with pytest.raises(InputError, match=r"no column 'end' .* Name the columns id, start, end \(or duration\), word"):
        read_alignment(words, "u1")


def test_table_without_phones_beside_it_has_none(words: Path) -> None:
    words.with_name("phones.csv").unlink()
    assert len(read_alignment(words, "u1").phones) == 0


def test_prefix_of_the_words_table_is_that_of_the_phones(words: Path) -> None:
    words.rename(words.with_name("s1_words.csv"))
    words.with_name("phones.csv").rename(words.with_name("s1_phones.csv"))
    assert len(read_alignment(words.with_name("s1_words.csv"), "u1").phones) == 3


def test_table_is_parsed_once_until_it_changes(words: Path) -> None:
    alignment_table._parse.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: read_alignment(words, "u1"), range(20)))
    assert alignment_table._parse.cache_info().misses == 2  # words and phones
    words.write_text(WORDS.replace("hello", "hullo"))
    os.utime(words, ns=(1, 1))
    assert read_alignment(words, "u1").spoken_words == ("hullo", "there")


def test_bad_number_is_found_by_its_line_and_spares_the_others(words: Path) -> None:
    words.write_text(WORDS.replace("0.10,0.20", "0.10,late"))
    assert len(read_alignment(words, "u1").words) == 2
    with pytest.raises(
        InputError, match=r"words\.csv:4: end is 'late', expected seconds\. Correct the row or remove it\."
    ):
        read_alignment(words, "u2")


def test_missing_column_names_those_found(words: Path) -> None:
    words.write_text(WORDS.replace("word", "token", 1))
    with pytest.raises(InputError, match=r"words\.csv: no column 'word' \(found: id, index, start, end, token\)\."):
        read_alignment(words, "u1")


def test_short_row_is_found_by_its_line(words: Path) -> None:
    words.write_text(WORDS + "u3,0,0.1\n")
    with pytest.raises(InputError, match=r"words\.csv:5: 3 cells, expected 5\. Complete the row\."):
        read_alignment(words, "u1")


def test_no_id_is_enough_for_a_table_of_one_utterance_alone(words: Path) -> None:
    with pytest.raises(InputError, match=r"words\.csv: holds 2 utterances\. Say which one by its id\."):
        read_alignment(words)
    words.write_text("".join(WORDS.splitlines(keepends=True)[:3]))
    assert read_alignment(words).spoken_words == ("hello", "there")


def test_broken_overlap_names_table_and_utterance(words: Path) -> None:
    words.write_text(WORDS.replace("0.40,0.90", "0.05,0.30"))
    with pytest.raises(InputError, match=r"words\.csv \(u1\): word 2 'there' \(0\.05 to 0\.3 s\) overlaps"):
        read_alignment(words, "u1")


def test_file_that_is_not_utf8_is_refused(words: Path) -> None:
    words.write_bytes(WORDS.replace("hello", "héllo").encode("latin-1"))
    with pytest.raises(
        InputError, match=r"words\.csv:2: byte 0xe9 is not UTF-8 \(Latin-1 or Windows-1252\?\)\. Save it as"
    ):
        read_alignment(words, "u1")
