"""Descriptions made elsewhere: read as they are, and wrong lines named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from msftk.errors import AbsentError, InputError
from msftk.interfaces import Evidence
from msftk.registry import registry
from msftk.types import Description


def replay(tmp_path: Path, *lines: object):
    file = tmp_path / "said.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return registry().create("describer", "replay", {"file": str(file)})


def test_fields_are_read_and_what_is_empty_is_absent(tmp_path: Path) -> None:
    row = {"id": "a", "free_emotion": " weary ", "gender": "", "scenario": None, "backend": "some-model"}
    found = replay(tmp_path, row, "", {"id": "b"}).describe(Evidence("a"))
    assert found == Description(free_emotion="weary", backend="some-model")


def test_an_id_without_a_line_is_absent_with_a_reason_that_can_be_counted(tmp_path: Path) -> None:
    with pytest.raises(AbsentError, match=r"^no description in said\.jsonl$"):
        replay(tmp_path, {"id": "a"}).describe(Evidence("other"))


def test_a_status_that_is_not_ok_is_kept(tmp_path: Path) -> None:
    assert replay(tmp_path, {"id": "a", "status": "refused"}).describe(Evidence("a")).status == "refused"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{bad", r"said\.jsonl:2: not JSON: .*\. Write one JSON object a line\."),
        ('{"id": "\\ud83d"}', r"said\.jsonl:2: not JSON: .*surrogates not allowed"),
        ("[1]", r"said\.jsonl:2: a JSON list, expected an object with id and the six fields\."),
        ({"gender": "male"}, r"said\.jsonl:2: no id\. Give each line the id"),
        ({"id": "a"}, r"said\.jsonl:2: id 'a' stands in an earlier line too\. Keep one of them\."),
        (
            {"id": "b", "senario": "x"},
            r"said\.jsonl:2: unknown field 'senario'\. Did you mean 'scenario'\? Known: id, free_",
        ),
        ({"id": "b", "gender": 1}, r"said\.jsonl:2: gender is 1, expected text or null\. Correct the line\."),
    ],
)
def test_a_bad_line_is_named_by_file_and_number(tmp_path: Path, line: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        replay(tmp_path, {"id": "a"}, line)


def test_a_missing_file_and_no_file_say_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl: cannot be read .* --set describer\.file=FILE"):
        registry().create("describer", "replay", {"file": str(tmp_path / "none.jsonl")})
    with pytest.raises(InputError, match=r"describer\.file is not set: .* or leave 'es' out of --semantics"):
        registry().create("describer", "replay")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.jsonl").write_bytes('{"id": "é"}'.encode("latin-1"))
    with pytest.raises(InputError, match=r"latin\.jsonl:1: byte 0xe9 is not UTF-8 .+ Save it as UTF-8"):
        registry().create("describer", "replay", {"file": str(tmp_path / "latin.jsonl")})


def test_identity_is_the_content_of_the_file(tmp_path: Path) -> None:
    first = replay(tmp_path, {"id": "a"}).identity()
    assert replay(tmp_path, {"id": "a"}).identity() == first
    assert replay(tmp_path, {"id": "b"}).identity() != first
