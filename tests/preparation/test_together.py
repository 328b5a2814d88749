"""Several utterances are asked about at once, and one that fails costs no other its answer."""

from __future__ import annotations

from collections.abc import Sequence

from msftk.interfaces import Describer, Evidence, Options
from msftk.preparation.descriptions import description_maker
from msftk.preparation.parts import Part
from msftk.store.memory import MemoryStore
from msftk.types import Description


class Moody(Describer):
    """Refuses utterances whose transcript is "no", and with them every batch that they are in."""

    Options = Options

    def __init__(self) -> None:
        self.asked: list[int] = []

    def describe(self, evidence: Evidence) -> Description:
        self.asked.append(1)
        if evidence.transcript == "no":
            raise ValueError("no")
        return Description(free_emotion=evidence.transcript)

    def describe_batch(self, evidence: Sequence[Evidence]) -> list[Description]:
        self.asked.append(len(evidence))
        if any(one.transcript == "no" for one in evidence):
            raise ValueError("not all of them")
        return [Description(free_emotion=one.transcript) for one in evidence]


class Short(Moody):
    """Forgets the last utterance of a batch."""

    def describe_batch(self, evidence: Sequence[Evidence]) -> list[Description]:
        return super().describe_batch(evidence)[:-1]


def answers_of(describer: Describer, asked: list[Evidence]) -> list[Description | Exception]:
    part = Part("moody", describer, (), (), {"plugin": "moody"})
    return description_maker(part, MemoryStore()).answers(asked)


def evidence(*transcripts: str) -> list[Evidence]:
    return [Evidence(f"u{k}", transcript=text) for k, text in enumerate(transcripts)]


def test_many_are_answered_in_one_call() -> None:
    describer = Moody()
    assert answers_of(describer, evidence("a", "b")) == [Description(free_emotion=text) for text in "ab"]
    assert describer.asked == [2]


def test_one_that_fails_costs_no_other_its_answer() -> None:
    first, second, third = answers_of(Moody(), evidence("a", "no", "c"))
    assert (first, third) == (Description(free_emotion="a"), Description(free_emotion="c"))
    assert isinstance(second, ValueError)


def test_too_few_answers_are_asked_again_one_by_one() -> None:
    describer = Short()
    assert answers_of(describer, evidence("a", "b")) == [Description(free_emotion=text) for text in "ab"]
    assert describer.asked == [2, 1, 1]
