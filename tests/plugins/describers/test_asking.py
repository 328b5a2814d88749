"""What every asking describer does: long recordings, a second question, and failures that are stored."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from answering import GOOD

from msftk.interfaces import Evidence
from msftk.types import SAMPLE_RATE_HZ, Description
from msftk_plugins.describers.asking import AskingDescriber, AskingOptions
from msftk_plugins.describers.prompt import Message, read_prompt


class Scripted(AskingDescriber):
    """Says what it is told to, and keeps what it was asked."""

    backend = "scripted"
    longest_s = 2.0

    def __init__(self, *rounds: Sequence[str | Exception], **options: object) -> None:
        super().__init__(AskingOptions.model_validate({"labels": "calm,excited", **options}))
        self.rounds, self.asked = list(rounds), list[list[Message]]()

    def answers(self, conversations: Sequence[list[Message]]) -> Sequence[str | Exception]:
        self.asked += conversations
        return self.rounds.pop(0)


def evidence(seconds: float = 1.0) -> Evidence:
    return Evidence("u", waveform=np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32))


def parts_s(conversation: list[Message]) -> list[float]:
    return [len(p["audio"]) / SAMPLE_RATE_HZ for p in conversation[1]["content"] if p["type"] == "audio"]


def test_a_good_answer_is_a_description_with_who_made_it() -> None:
    describer = Scripted([json.dumps(GOOD)])
    made = {"backend": "scripted", "prompt_fingerprint": read_prompt().fingerprint, "raw_text": json.dumps(GOOD)}
    assert describer.describe(evidence()) == Description(**GOOD, **made)
    assert len(describer.asked) == 1


def test_a_bad_answer_is_asked_again_with_the_problem_and_only_that_one() -> None:
    describer = Scripted([json.dumps(GOOD), "no idea", RuntimeError("gone")], [json.dumps(GOOD)])
    first, second, third = describer.describe_batch([evidence()] * 3)
    assert isinstance(first, Description)
    assert isinstance(second, Description)
    assert first.status == second.status == "ok"
    assert str(third) == "gone"
    *_, answer, again = describer.asked[3]
    assert answer["content"][0]["text"] == "no idea"
    assert "holds no JSON object" in again["content"][0]["text"]


def test_the_second_bad_answer_is_a_failed_description_that_keeps_the_words() -> None:
    found = Scripted(["no idea"], ["still none"]).describe(evidence())
    assert found.failed
    assert found.status.startswith("failed: the answer cannot be used, it holds no JSON object")
    assert found.raw_text == "still none"


def test_what_kept_the_model_from_answering_the_second_time_is_tried_again_in_the_next_run() -> None:
    with pytest.raises(RuntimeError, match="gone"):
        Scripted(["no idea"], [RuntimeError("gone")]).describe(evidence())


@pytest.mark.parametrize(
    ("options", "parts", "note"),
    [
        ({}, [2.0], "the first 2 of 5.0 s were heard"),
        ({"longer": "split"}, [5 / 3] * 3, "5.0 s were heard in 3 parts"),
        ({"max_seconds": 4}, [4.0], "the first 4 of 5.0 s were heard"),
        ({"max_seconds": 5}, [5.0], ""),
    ],
)
def test_a_recording_longer_than_the_model_takes_is_cut_or_split_and_said(
    options: dict[str, object], parts: list[float], note: str
) -> None:
    describer = Scripted([json.dumps(GOOD)], **options)
    assert describer.describe(evidence(5)).note == note
    assert parts_s(describer.asked[0]) == pytest.approx(parts, abs=1e-3)
