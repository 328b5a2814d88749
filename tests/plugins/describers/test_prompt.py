"""The prompt file: six fields in the order of Table 1, a fingerprint, and what is wrong with a file of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.types import DESCRIPTION_FIELDS
from msftk_plugins.describers.prompt import SHIPPED, asked_fields, read_prompt


def test_the_question_asks_for_the_six_fields_in_the_order_of_table_1() -> None:
    asked = read_prompt().asked(["Angry", "Sad"])
    places = [asked.index(f'"{name}": ') for name in DESCRIPTION_FIELDS]
    assert places == sorted(places)
    assert "fits the emotion best: Angry, Sad" in asked
    assert "{" not in asked.replace("{fields}", "{")


def test_without_labels_of_the_corpus_no_constrained_label_is_asked_for() -> None:
    assert "constrained_emotion" not in read_prompt().asked([])
    assert asked_fields(()) == tuple(name for name in DESCRIPTION_FIELDS if name != "constrained_emotion")


def test_a_conversation_holds_system_sound_and_question_and_goes_on_with_the_problem() -> None:
    prompt, sound = read_prompt(), np.zeros(10, np.float32)
    system, user = asked = prompt.ask([sound, sound], [])
    assert system["content"][0]["text"] == prompt.system
    assert [part["type"] for part in user["content"]] == ["audio", "audio", "text"]
    *before, answer, again = prompt.ask_again(asked, "I hear joy.", "it fills no field")
    assert before == asked
    assert answer == {"role": "assistant", "content": [{"type": "text", "text": "I hear joy."}]}
    assert "it fills no field" in again["content"][0]["text"]


def test_the_fingerprint_changes_with_any_word(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(SHIPPED.read_text().replace("in one short sentence", "in two words"))
    assert read_prompt(mine).fingerprint != read_prompt().fingerprint
    assert read_prompt().fingerprint.startswith("v1-")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{labels}", "some labels", r"mine\.toml: Value error, \{labels\} is nowhere\. Write it as .*prompt\.toml\."),
        ('again = "', 'once = "', r"mine\.toml: again: Field required\. Write it as"),
        ("gender =", "sex =", r"mine\.toml: fields\.gender: .*required"),
        ("version = 1", "version = ", r"mine\.toml: not valid TOML: .*\. Correct the file\."),
    ],
)
def test_a_file_that_is_wrong_is_named_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(SHIPPED.read_text().replace(old, new))
    with pytest.raises(InputError, match=message):
        read_prompt(mine)


def test_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"describer\.prompt is '.*none\.toml': no such file"):
        read_prompt(tmp_path / "none.toml")
