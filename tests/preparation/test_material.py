"""What components see of an utterance: what they declare, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from msftk.errors import AbsentError, MsftkError
from msftk.interfaces import Describer, Evidence, SemanticSource
from msftk.preparation.material import Material, open_shelves
from msftk.preparation.parts import Part, Parts, f0_part
from msftk.preparation.texts import NOTHING, ask
from msftk.settings import load_settings
from msftk.store.features import Store
from msftk.types import Description, Utterance


class Spy(SemanticSource, Describer):
    """A source, or describer, that keeps the evidence it was shown."""

    group = "own"

    def __init__(self, answer: Any = "said") -> None:
        self.answer = answer
        self.seen: list[Evidence] = []

    def text(self, evidence: Evidence) -> Any:
        self.seen.append(evidence)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    describe = text


class Direct(SemanticSource):
    """A source of vectors without a text."""

    group, dim = "own", 3

    def __init__(self, vector: Any) -> None:
        self.answer = vector
        self.calls = 0

    def vector(self, evidence: Evidence) -> Any:
        self.calls += 1
        return self.answer


def part(component: Any, *needs: Any, optional: tuple[Any, ...] = (), name: str = "spy") -> Part:
    return Part(name, component, needs, optional, {"plugin": name})


@pytest.fixture
def utterance(tmp_path: Path) -> Utterance:
    soundfile.write(tmp_path / "u.wav", np.random.default_rng(0).normal(0, 0.1, 4000), 16000)
    ratings = {"valence": 7.0}
    return Utterance(
        "u", tmp_path / "u.wav", transcript="Stop.", language="en", speaker="s1", split="train", ratings=ratings
    )


def material(utterance: Utterance, tmp_path: Path, source: Part, describer: Part | None = None) -> Material:
    parts = Parts(f0_part(load_settings()), (source,), None, describer, None)
    return Material(utterance, parts, open_shelves(parts, Store(tmp_path / "store")))


def shown(evidence: Evidence) -> Mapping[str, Any]:
    values = {field.name: getattr(evidence, field.name) for field in fields(Evidence)}
    return {name: value for name, value in values.items() if value is not None}


def test_evidence_has_no_place_for_labels_split_or_speaker() -> None:
    names = {field.name for field in fields(Evidence)}
    assert not names & {"ratings", "rater_ratings", "category", "split", "speaker", "session", "gender", "audio"}


def test_a_component_sees_what_it_needs_and_nothing_else(utterance: Utterance, tmp_path: Path) -> None:
    spy = Spy()
    ask(part(spy, "transcript"), material(utterance, tmp_path, part(spy, "transcript")))
    assert shown(spy.seen[0]) == {"id": "u", "transcript": "Stop."}


def test_what_is_optional_and_absent_is_none_and_ends_nothing(utterance: Utterance, tmp_path: Path) -> None:
    spy = Spy()
    source = part(spy, "language", optional=("alignment", "audio"))
    assert ask(source, material(utterance, tmp_path, source)).text == "said"
    assert shown(spy.seen[0]).keys() == {"id", "language", "waveform"}


def test_a_needed_thing_that_is_absent_is_the_reason(utterance: Utterance, tmp_path: Path) -> None:
    spy = Spy()
    source = part(spy, "alignment")
    assert ask(source, material(utterance, tmp_path, source)).reason == "no alignment"
    assert not spy.seen


@pytest.mark.parametrize(
    ("answer", "reason"), [(None, NOTHING), ("  ", NOTHING), (AbsentError("too short"), "too short")]
)
def test_a_source_may_have_nothing_to_ask(utterance: Utterance, tmp_path: Path, answer: Any, reason: str) -> None:
    source = part(Spy(answer), "transcript")
    assert ask(source, material(utterance, tmp_path, source)).reason == reason


def test_a_describer_that_fails_is_a_warning_and_is_asked_again(utterance: Utterance, tmp_path: Path) -> None:
    spy, source = Spy(RuntimeError("out of memory")), part(Spy(), "description", name="source")
    describer = part(spy, "audio", name="describer")
    found = material(utterance, tmp_path, source, describer)
    assert ask(source, found).reason == "description failed"
    assert found.warnings == {"description": "describer 'describer': out of memory"}
    spy.answer = Description(gender="female")
    assert ask(source, material(utterance, tmp_path, source, describer)).text == "said"
    assert len(spy.seen) == 2


def test_a_status_that_is_not_ok_is_stored_and_not_asked_again(utterance: Utterance, tmp_path: Path) -> None:
    spy, source = Spy(Description(status="refused")), part(Spy(), "description", name="source")
    describer = part(spy, "audio", name="describer")
    for _ in range(2):
        found = material(utterance, tmp_path, source, describer)
        assert ask(source, found).reason == "refused"
        found.shelves.flush()
    assert len(spy.seen) == 1


def test_a_describer_that_costs_much_has_each_answer_written_at_once(utterance: Utterance, tmp_path: Path) -> None:
    dear = Spy(Description(gender="female"))
    dear.flush_items = 1
    source, describer = part(Spy(), "description", name="source"), part(dear, "audio", name="describer")
    ask(source, material(utterance, tmp_path, source, describer))
    ask(source, material(utterance, tmp_path, source, describer))  # nothing was flushed between
    assert len(dear.seen) == 1


def test_a_source_may_give_its_vector_directly_and_it_is_stored(utterance: Utterance, tmp_path: Path) -> None:
    direct = Direct([1, 2, 3])
    source = part(direct, "transcript")
    for _ in range(2):
        found = material(utterance, tmp_path, source)
        key = ask(source, found).vector_key
        assert found.shelves.vectors["spy"].get(key)["vector"].tolist() == [1, 2, 3]
        found.shelves.flush()
    assert direct.calls == 1


def test_a_vector_of_another_size_is_refused(utterance: Utterance, tmp_path: Path) -> None:
    source = part(Direct([1, 2]), "transcript")
    with pytest.raises(
        MsftkError, match=r"source 'spy' gave u a vector of shape \(2,\), expected \(3,\) of finite numbers"
    ):
        ask(source, material(utterance, tmp_path, source))


def test_another_alignment_is_another_emphasis(utterance: Utterance, tmp_path: Path) -> None:
    one, other = (material(utterance, tmp_path, part(Spy(), "emphasis")) for _ in range(2))
    one.__dict__["alignment_digest"], other.__dict__["alignment_digest"] = "a", "b"
    assert one.key_of(("emphasis",)) != other.key_of(("emphasis",))
