"""The three granularities of meaning: GS, LES, ES."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from msftk.interfaces import Evidence
from msftk.prosody.columns import FEATURES
from msftk.registry import registry
from msftk.types import DESCRIPTION_FIELDS, Description, Emphasis, WordProsody

# The paper's example, Sec. 2.2.
PAPER = {
    "gender": "male",
    "free_emotion": "frustrated",
    "constrained_emotion": "Angry",
    "scenario": "a confrontation or argument in a public setting",
    "explanation": "The speaker is expressing anger due to a perceived lack of understanding or compliance from the "
    "other party.",
    "paralinguistics": "rising intonation, assertive tone, and a sense of urgency",
}
SUBSETS = [names for size in range(1, 7) for names in combinations(DESCRIPTION_FIELDS, size)]


def es(**fields: str | None) -> str | None:
    return registry().create("semantic-source", "es").text(Evidence("u1", description=Description(**fields)))


def test_gs_is_the_transcript() -> None:
    source = registry().create("semantic-source", "gs")
    assert source.text(Evidence("u1", transcript="I really mean that.")) == "I really mean that."
    assert source.group == "transcript"


def test_les_is_the_emphasis_segment() -> None:
    values = np.arange(4.0)
    words = ("I", "really", "mean", "that")
    prosody = WordProsody(
        words=words,
        start_s=values,
        end_s=values + 1,
        voiced=values > -1,
        guessed_duration=values < 0,
        **dict.fromkeys(FEATURES, values),
    )
    source = registry().create("semantic-source", "les")
    assert source.text(Evidence("u1", emphasis=Emphasis(prosody, values, 1, 0, 2))) == "I really mean"
    assert source.group == "transcript"


def test_es_writes_the_papers_example_word_for_word() -> None:
    assert es(**PAPER) == (
        "This is a male speaker, expressing frustrated (categorized as Angry), in a confrontation or argument in a "
        "public setting. The speaker is expressing anger due to a perceived lack of understanding or compliance from "
        "the other party. The speech is characterized by rising intonation, assertive tone, and a sense of urgency."
    )
    assert registry().create("semantic-source", "es").group == "extended"


@pytest.mark.parametrize("names", SUBSETS, ids="+".join)
def test_es_of_any_subset_of_fields_is_whole_sentences_that_tell_them_and_nothing_else(names: tuple[str, ...]) -> None:
    text = es(**{name: PAPER[name] for name in names})
    assert text is not None
    for name in DESCRIPTION_FIELDS:
        assert (PAPER[name].rstrip(".") in text) is (name in names), name
    assert "None" not in text
    assert not re.search(r"\s\s|\s[.,)]|,\.|\(\)|\.\.|, ,|due to\.|by\.", text)
    assert text.endswith(".")
    assert all(re.match(r"(This is an? |The speaker is |The speech is )", part) for part in re.split(r"(?<=\.) ", text))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"scenario": "In a noisy bar."}, "This is a speaker, in a noisy bar."),
        ({"gender": "Elderly female speaker"}, "This is an elderly female speaker."),
        ({"constrained_emotion": "Angry"}, "This is a speaker, categorized as Angry."),
        ({"explanation": "Because he lost"}, "The speaker is expressing this emotion because he lost."),
        ({"explanation": "A lost match"}, "The speaker is expressing this emotion due to a lost match."),
        ({"explanation": "he lost his keys"}, "He lost his keys."),
        ({"paralinguistics": "The voice trembles.\n"}, "The voice trembles."),
        ({"paralinguistics": "HNR low"}, "The speech is characterized by HNR low."),
        ({"free_emotion": " ", "explanation": "..."}, None),
        ({}, None),
    ],
)
def test_es_takes_answers_as_models_write_them(fields: dict[str, str], text: str | None) -> None:
    assert es(**fields) == text


def test_es_of_a_failed_description_is_absent() -> None:
    assert es(**PAPER, status="model refused") is None
