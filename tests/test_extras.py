from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.preparation.parts import make_part
from msftk.prosody.rules import FeatureRule
from msftk.settings import Component
from msftk_plugins.emphasis.spread import spread
from msftk_plugins.f0 import praat, world

CHECKOUT = Path(__file__).parents[1]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
ELSEWHERE = {"kimia_infer"}  # imported by a program that runs in another environment
WITH_TORCH = {"triton"}  # torch for CUDA brings it, and where it is missing another kernel runs


@pytest.mark.parametrize(
    ("kind", "name", "package", "extra"),
    [
        ("f0-engine", "pyworld-harvest", "pyworld", "world"),
        ("f0-engine", "dio", "pyworld", "world"),
        ("f0-engine", "praat", "parselmouth", "praat"),
        ("emphasis", "spread", "numba", "rules"),
    ],
)
def test_a_component_without_its_package_names_the_extra_before_any_work(
    kind: str, name: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world._import_pyworld.cache_clear()
    praat._parselmouth.cache_clear()
    monkeypatch.setattr("msftk_plugins.emphasis.spread.spread", FeatureRule(spread.function))  # not compiled yet
    monkeypatch.setitem(sys.modules, package, None)
    said = rf"needs the package {package}, which is not installed\. Install it with: pip install 'msftk\[{extra}\]'\."
    with pytest.raises(InputError, match=said):
        make_part(kind, Component(name=name), {})
    assert PROJECT["optional-dependencies"][extra]


def test_what_is_imported_is_a_dependency_or_names_its_extra_where_it_is_missing() -> None:
    core = {re.split(r"[^\w-]", needed)[0] for needed in PROJECT["dependencies"]}
    known = {"__future__", "msftk", "msftk_ext", "msftk_plugins", *sys.stdlib_module_names, *WITH_TORCH, *ELSEWHERE}
    imported, asked_for = set[str](), set[str]()
    for file in (file for room in ("msftk", "plugins", "ext") for file in (CHECKOUT / room).rglob("*.py")):
        for name, guarded in imports(ast.parse(file.read_text(encoding="utf-8"))):
            (asked_for if guarded else imported).add(name.partition(".")[0])
    distributions = packages_distributions()
    lacking = {
        name
        for name in imported - asked_for - known
        if not core & {found.replace("_", "-") for found in distributions.get(name, [])}
    }
    assert lacking == set()
    assert {"numpy", "torch", "soxr"} <= imported
    assert {"pyworld", "numba", "parselmouth", "matplotlib", "jinja2"} <= asked_for


def imports(node: ast.AST, guarded: bool = False) -> Iterator[tuple[str, bool]]:
    """Each module that is imported, and whether inside `with from_extra(...)`; without those for types alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name, guarded) for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield child.module, guarded
        inside = isinstance(child, ast.With) and ast.unparse(child.items[0]).startswith("from_extra(")
        yield from imports(child, guarded or inside)


def test_a_rule_runs_where_its_package_is() -> None:
    scores = spread(spread.Options()).rule.compiled
    score = np.empty(2)
    scores(np.array([0, 2]), score, *(np.array([1.0, 2.0]) for _ in spread.features), 1.0, 1.0)
    assert score.tolist() == [-1.0, 1.0]
