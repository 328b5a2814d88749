"""LES in context: which characters of which sentence are meant."""

from __future__ import annotations

import numpy as np
import pytest

from msftk.interfaces import Evidence
from msftk.prosody.columns import FEATURES
from msftk.registry import registry
from msftk.testing import check_semantic_source
from msftk.types import Emphasis, WordProsody

WORDS = ("i", "really", "mean", "that")


def evidence(transcript: str | None, words: tuple[str, ...] = WORDS, first: int = 1, last: int = 2) -> Evidence:
    values = np.arange(float(len(words)))
    prosody = WordProsody(
        words=words,
        start_s=values,
        end_s=values + 1,
        voiced=values > -1,
        guessed_duration=values < 0,
        **dict.fromkeys(FEATURES, values),
    )
    return Evidence("u1", transcript=transcript, emphasis=Emphasis(prosody, values, first, first, last))


@pytest.mark.parametrize(
    ("transcript", "text", "meant"),
    [
        ("I  really MEAN\nthat!", "I really MEAN that!", "really MEAN"),  # as it is written
        (None, "i really mean that", "really mean"),
        ("I really do mean that.", "i really mean that", "really mean"),  # another count of words
        ("I hardly mean that.", "i really mean that", "really mean"),  # another word
    ],
)
def test_the_sentence_is_the_transcript_where_it_has_the_words_that_were_aligned(
    transcript: str | None, text: str, meant: str
) -> None:
    source = registry().create("semantic-source", "les-tokens")
    assert source.text(evidence(transcript)) == text
    start, end = source.span(evidence(transcript))
    assert text[start:end] == meant


def test_a_label_with_a_space_is_one_word() -> None:
    source = registry().create("semantic-source", "les-tokens")
    found = evidence(None, ("new york", "is", "far"), first=0, last=0)
    assert source.text(found) == "newyork is far"
    assert source.span(found) == (0, 7)


def test_it_keeps_the_contract() -> None:
    check_semantic_source("les-tokens")
