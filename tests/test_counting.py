"""Counts in the number that a reader expects, in every message of the package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from msftk.counting import counted

NOUNS = "utterance|recording|speaker|file|item|word|cell|column|weight|prediction|group|session|alignment|epoch"
SOURCES = sorted(p for room in ("msftk", "plugins") for p in (Path(__file__).parents[1] / room).rglob("*.py"))


@pytest.mark.parametrize(
    ("n", "text"),
    [(0, "0 files are there"), (1, "1 file is there"), (2, "2 files are there"), (11, "11 files are there")],
)
def test_one_alone_is_singular(n: int, text: str) -> None:
    assert counted(n, "file is there", "files are there") == text


def test_no_message_writes_a_number_before_a_plural_of_its_own() -> None:
    by_hand = re.compile(rf"\{{(?:len\([^)]*\)|n|[\w.]*\bn_\w+)\}} (?:{NOUNS})s\b|(?:{NOUNS})\(s\)")
    found = [f"{source}: {one}" for source in SOURCES for one in by_hand.findall(source.read_text(encoding="utf-8"))]
    assert not found, "let msftk.counting say it"
