"""Pronunciation dictionaries are read as CMUdict and MFA write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk_plugins.aligners.pronunciations import read_pronunciations


def test_words_have_all_their_pronunciations_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "some.dict"
    file.write_text(";;; a comment\nHello HH AH L OW\n\nhello(2)\tHH EH L OW\nyou y uː\nyou  j u\n", encoding="utf-8")
    assert read_pronunciations(file) == {
        "hello": (("HH", "AH", "L", "OW"), ("HH", "EH", "L", "OW")),
        "you": (("y", "uː"), ("j", "u")),
    }


def test_a_word_without_phones_is_named_by_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "some.dict"
    file.write_text("hello HH AH L OW\nyou\n")
    with pytest.raises(InputError, match=r"some\.dict:2: 'you' has no phones\. Write the word and its phones"):
        read_pronunciations(file)
