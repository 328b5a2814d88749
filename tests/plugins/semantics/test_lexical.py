"""The valence of stressed words, out of VADER's lexicon."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.interfaces import Evidence
from msftk.registry import registry
from msftk.testing.examples import whole_evidence


def vector(*words: str, top: int, language: str | None = "en") -> np.ndarray | None:
    """Of five words, of which the one at `top` and its neighbours are stressed."""
    found = whole_evidence().emphasis
    assert found is not None
    emphasis = replace(
        found, prosody=replace(found.prosody, words=words), top=top, first=max(top - 1, 0), last=min(top + 1, 4)
    )
    return registry().create("semantic-source", "lexical").vector(Evidence("u1", language, emphasis=emphasis))


def test_it_tells_the_stressed_word_its_segments_extremes_and_the_segment() -> None:
    # lexicon: love 3.2, hate -2.7; compound of a sum s of ratings is s / sqrt(s^2 + 15)
    said = vector("They", "love", "Hate", "and", "horror", top=2)
    assert said == pytest.approx([-2.7 / 4, 3.2 / 4, -2.7 / 4, 0.5 / np.sqrt(0.5**2 + 15)], abs=1e-4)
    said = vector("They", "love", "cats", "and", "horror", top=2)
    assert said == pytest.approx([0, 3.2 / 4, 0, 3.2 / np.sqrt(3.2**2 + 15)], abs=1e-4)


def test_a_negation_in_the_segment_turns_the_segment_and_not_the_word() -> None:
    plain, negated = vector("It", "is", "good", "now", "then", top=2), vector("It", "not", "good", "now", "then", top=2)
    assert plain is not None
    assert negated is not None
    assert plain[0] == negated[0] > 0
    assert negated[3] < 0 < plain[3]


def test_words_of_another_language_have_no_valence() -> None:
    assert vector("Det", "er", "fine", "nu", "ja", top=2, language="da") is None
    assert vector("It", "is", "fine", "now", "yes", top=2, language=None) is not None
    assert vector("It", "is", "fine", "now", "yes", top=2, language="English") is not None


def test_without_the_package_the_error_gives_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", None)
    with pytest.raises(InputError, match=r"'lexical' needs the package vaderSentiment.*pip install 'msftk\[lexical\]'"):
        registry().create("semantic-source", "lexical")
