"""The words of a transcript: as they are spelt, without what surrounds them."""

from __future__ import annotations

import pytest

from msftk.speech.transcript import words_of


@pytest.mark.parametrize(
    ("transcript", "words"),
    [
        ("Don't go!", ("Don't", "go")),
        ("  (so)  he said: “no”, twice…", ("he", "said", "no", "twice")),
        ("well-known [laughter] -- <unk>. {LG} +um+", ("well-known",)),
        ("It cost $5.50 at 10:30", ("It", "cost", "5.50", "at", "10:30")),
        ("हिन्दी 日本", ("हिन्दी", "日本")),
        ("...", ()),
        ("", ()),
    ],
)
def test_words_are_bare_of_punctuation_and_brackets(transcript: str, words: tuple[str, ...]) -> None:
    assert words_of(transcript) == words
