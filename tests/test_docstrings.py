"""Public functions of evaluation and prosody show examples in their docstrings, and pytest runs them there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOMS = [Path(__file__).parents[1] / "msftk" / room for room in ("evaluation", "prosody")]
FUNCTIONS = {
    f"{file.parent.name}.{file.stem}.{node.name}": ast.get_docstring(node) or ""
    for room in ROOMS
    for file in sorted(room.glob("*.py"))
    for node in ast.parse(file.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_shows_an_example(name: str) -> None:
    assert "\n>>> " in FUNCTIONS[name]


def test_pytest_runs_the_examples(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.getoption("doctestmodules")
    assert {str(room.relative_to(pytestconfig.rootpath)) for room in ROOMS} <= set(pytestconfig.getini("testpaths"))
