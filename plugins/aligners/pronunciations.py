"""Pronunciation dictionaries: a word and its phones a line, as CMUdict and MFA write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msftk.errors import InputError
from msftk.files import read_text

COMMENT = ";;;"  # of CMUdict


def read_pronunciations(file: Path) -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Word in lower case -> its pronunciations, each a tuple of phones, in the order of the file.

    "hello HH AH L OW"; "hello(2) ..." or a line of the same word is another pronunciation.

    Raises InputError (file:line) for a word without phones, or a file that cannot be read.
    """
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for number, line in enumerate(read_text(file).split("\n"), 1):
        word, *phones = line.split()[:1] + line.split()[1:] or [""]
        if not word or word.startswith(COMMENT):
            continue
        if not phones:
            raise InputError(f"{file}:{number}: '{word}' has no phones. Write the word and its phones, blanks between.")
        word = word.lower()
        if word.endswith(")") and word[:-1].rpartition("(")[2].isdigit():
            word = word.rpartition("(")[0]
        found[word] = (*found.get(word, ()), tuple(phones))
    return found
