"""Answers about many utterances, in columns."""

import pytest

from msftk.errors import InputError
from msftk.preparation.collected import Collected
from msftk.preparation.outcomes import MADE, Tally
from msftk.preparation.texts import Answer
from msftk.preparation.work import Answers, Question
from msftk.store.keys import content_key
from msftk.types import Utterance

KEY = content_key(sound="c")


def asked(row: int, name: str) -> Question:
    return Question(row, Utterance(name, None), None)


def test_rows_stand_in_the_order_of_the_ids_whichever_ends_first() -> None:
    found = Collected(["a", "b", "c"], ["gs"])
    found.take(
        asked(2, "c"),
        Answers(
            {"gs": Answer(text="c said")},
            {"alignment": "odd", "sound": "loud"},
            KEY,
            {"F0": MADE},
            {"transcript": "given"},
        ),
    )
    found.take(asked(1, "b"), ValueError("broken"))
    found.take(asked(0, "a"), Answers({"gs": Answer(reason="no transcript")}, {}, None, {}, {}))
    assert found.answers == {"gs": [Answer(reason="no transcript"), None, Answer(text="c said")]}
    assert [*found.audio_keys] == [None, None, KEY]
    assert found.rows == {"a": 0, "b": 1, "c": 2}
    assert (found.failures, found.warnings, found.done) == ({"b": "ValueError: broken"}, {"c": "odd loud"}, 3)
    assert list(found.texts) == ["c said"]
    assert found.outcomes.stages == {"F0": Tally(1, 0, {})}
    assert found.note == "1 failed"
    assert found.made_by == [{}, {}, {"transcript": "given"}]


def test_equal_answers_are_one_object() -> None:
    found = Collected(["a", "b"], ["gs"])
    for row, name in enumerate(found.ids):
        found.take(asked(row, name), Answers({"gs": Answer(text="both said")}, {}, None, {}, {}))
    assert found.answers["gs"][0] is found.answers["gs"][1]


def test_an_id_twice_is_refused_by_its_name() -> None:
    with pytest.raises(InputError, match="utterance id 'b' stands there twice"):
        Collected(["a", "b", "c", "b"], [])
