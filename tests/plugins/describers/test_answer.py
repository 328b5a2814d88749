"""Answers of models: what is read out of them, repaired in them, and refused."""

from __future__ import annotations

import json

import pytest
from answering import GOOD
from hypothesis import given
from hypothesis import strategies as st

from msftk.types import DESCRIPTION_FIELDS
from msftk_plugins.describers.answer import AnswerError, answer_schema, read_answer

LABELS = ("Angry", "calm")
PLAIN = json.dumps(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        f"```json\n{PLAIN}\n```",
        f"Sure! Here it is:\n\n{PLAIN}\n\nIs there anything else {{I can do}}?",
        PLAIN[:-1] + ",}",
        PLAIN.replace('"', "”"),
        str(GOOD),  # as Python writes it
        PLAIN.replace("slow, quiet", "slow,\nquiet"),
        f"<think>The keys are {{free_emotion, ...}}</think>{PLAIN}",
        json.dumps({**GOOD, "confidence": 0.9, "valence": [1, 2]}),
        json.dumps({**GOOD, "paralinguistics": ["slow", "quiet"]}),
        json.dumps({**GOOD, "constrained_emotion": "Calm."}),
    ],
)
def test_an_answer_is_found_and_repaired(text: str) -> None:
    assert read_answer(text, LABELS) == GOOD


@pytest.mark.parametrize("nothing", ["unknown", "N/A", "None", " ", None, "Unclear."])
def test_what_the_model_cannot_tell_is_absent(nothing: str | None) -> None:
    assert read_answer(json.dumps({**GOOD, "scenario": nothing}), LABELS) == {**GOOD, "scenario": None}


def test_a_field_that_is_missing_is_absent() -> None:
    assert read_answer('{"gender": "male"}', LABELS) == {**dict.fromkeys(DESCRIPTION_FIELDS), "gender": "male"}


def test_without_labels_a_constrained_label_is_not_taken() -> None:
    assert read_answer(PLAIN, ())["constrained_emotion"] is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("She sounds tired.", "it holds no JSON object with the keys that were asked for"),
        ("", "it holds no JSON object with the keys that were asked for"),
        ('{"Gefühl": "müde"}', "it holds no JSON object with the keys that were asked for"),
        (PLAIN[:60], "it holds no JSON object with the keys that were asked for"),
        (json.dumps({**GOOD, "gender": {"male": 0.9}}), "gender is not a text"),
        (json.dumps(dict.fromkeys(GOOD)), "it fills no field"),
        (json.dumps({**GOOD, "constrained_emotion": "Bored"}), "constrained_emotion is none of Angry, calm"),
        ('{"free_emotion": "疲惫", "scenario": "电话里的谈话"}', "it is not in English"),
        ("{" * 5000, "it holds no JSON object with the keys that were asked for"),
        ("{[]}", "it holds no JSON object with the keys that were asked for"),
        ("{'gender': " + "(" * 3000, "it holds no JSON object with the keys that were asked for"),
    ],
)
def test_an_answer_that_cannot_be_used_is_told_why(text: str, problem: str) -> None:
    with pytest.raises(AnswerError) as error:
        read_answer(text, LABELS)
    assert str(error.value) == problem


@given(st.text(st.sampled_from("{}[]\",:'\\ gender\n0"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        fields = read_answer(text, LABELS)
    except AnswerError:
        return
    assert tuple(fields) == DESCRIPTION_FIELDS
    assert any(fields.values())


def test_the_schema_asks_for_each_field_and_holds_the_label_to_the_corpus() -> None:
    schema = answer_schema(LABELS)
    assert tuple(schema["required"]) == tuple(schema["properties"]) == DESCRIPTION_FIELDS
    assert schema["properties"]["constrained_emotion"]["enum"] == ["Angry", "calm", None]
    assert "constrained_emotion" not in answer_schema(())["properties"]
