"""docs/formats.md names what `--json` prints: every key of each object, and none that is not there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from recipes.test_systems import run_of
from tones import write_utterance

PAGE = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")
TOKEN = re.compile(r'"(?P<name>\w+)"|(?P<brace>[{}])')


def documented(command: str) -> dict[str, set[str]]:
    """Whose object -> the names in it, of the block below the heading with this command; the outermost is nobody's."""
    section = PAGE[PAGE.index(f"(`msftk {command}") :]
    block = re.search(r"^```text\n(.*?)^```", section, flags=re.DOTALL | re.MULTILINE)
    assert block
    owners, name = [], ""
    found: dict[str, set[str]] = {}
    for token in TOKEN.finditer(block[1]):
        if token["name"]:
            name = token["name"]
            found.setdefault(owners[-1], set()).add(name)
        elif token["brace"] == "{":
            owners.append(name)
        elif token["brace"] == "}":
            name = owners.pop()
    return found


def objects(told: Any) -> Iterator[dict[str, Any]]:
    """It and all within it, but for empty ones."""
    if isinstance(told, dict) and told:
        yield told
    for one in told if isinstance(told, list) else told.values() if isinstance(told, dict) else ():
        yield from objects(one)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    write_utterance(tmp_path, "hello")
    return tmp_path / "hello.wav"


@pytest.mark.parametrize("command", ["evaluate", "report", "compare", "explain", "emphasis"])
def test_each_name_is_there_and_each_that_is_there_is_named(
    command: str, tiny_run: Path, tone_store: Any, recording: Path, tmp_path: Path, msftk: Callable[..., Any]
) -> None:
    store = ("--store", tone_store.root)
    given = {
        "evaluate": (tiny_run,),
        "report": (tiny_run, *store),
        "compare": (tiny_run, run_of(tiny_run, tmp_path / "film", fusion={"name": "film"})),
        "explain": (tiny_run, recording, *store),
        "emphasis": (recording, recording.with_suffix(".TextGrid")),
    }
    told = json.loads(msftk(command, *given[command], "--json").out)
    shapes = documented(command)
    assert set(told) == shapes.pop("")
    shapes.pop("splits", None)  # what evaluate says, and more
    within = {owner: list(map(set, objects([one.get(owner) for one in objects(told)]))) for owner in shapes}
    assert {owner: names for owner, names in shapes.items() if within[owner] and names not in within[owner]} == {}
    assert any(within.values())


def test_a_prediction_is_as_it_is_told(tiny_run: Path, recording: Path, msftk: Callable[..., Any]) -> None:
    told = json.loads(msftk("predict", tiny_run, recording, "--json", "--window", 0.5).out)
    section = PAGE[PAGE.index("## Predictions") :]
    block = re.search(r"prints `(\{\"predictions.*?\})`", section)
    assert block
    assert set(told) == {found["name"] for found in TOKEN.finditer(block[1]) if found["name"]}
    (one,) = told["predictions"]
    assert {"id", "valence", "arousal", "dominance", "sources", "made_by", "windows"} == set(one)
    assert all(f"`{name}`" in section or name in section for name in one)
    windows = re.search(r"`(\{\"start_s\".*?\})`", section, flags=re.DOTALL)
    assert windows
    assert set(one["windows"][0]) == {found["name"] for found in TOKEN.finditer(windows[1]) if found["name"]}
