"""Imports flow one way: cli -> recipes -> rooms -> root files; nothing imports a plugin (DESIGN section 1)."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tones import write_utterance

CHECKOUT = Path(__file__).parents[1]
ROOM_MAY_IMPORT = {
    "speech": set(),
    "store": set(),
    "models": set(),
    "prosody": {"speech"},
    "evaluation": {"prosody", "speech"},
    "preparation": {"prosody", "speech", "store"},
    "runs": {"evaluation", "models", "preparation", "prosody", "speech", "store"},
    "training": {"evaluation", "models", "preparation", "prosody", "runs", "speech", "store"},
}
ROOMS = set(ROOM_MAY_IMPORT)
LAYER_MAY_IMPORT = {
    **ROOM_MAY_IMPORT,
    "recipes": ROOMS,
    "doctor": ROOMS | {"recipes"},
    "testing": {"models"},
    "cli": {"recipes", "doctor"},
    "plugins": ROOMS,
    "root": set(),
}
LAZY_ROOT_EXPORTS = {("msftk/__init__.py", "recipes")}  # `msftk.load`, imported when first used


def imports(file: Path, *, module_level: bool = False) -> set[str]:
    tree = ast.parse(file.read_text())
    type_checking = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    nodes = tree.body if module_level else list(ast.walk(tree))
    found = set()
    for node in nodes:
        if id(node) in type_checking:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def layer(file: Path) -> str:
    parts = file.relative_to(CHECKOUT).parts
    if parts[0] in ("plugins", "ext"):
        return parts[0]
    return parts[1] if len(parts) > 2 and parts[1] not in ("demo", "presets") else "root"


SOURCES = sorted(p for room in ("msftk", "plugins") for p in (CHECKOUT / room).rglob("*.py"))


@pytest.mark.parametrize("file", SOURCES, ids=lambda p: str(p.relative_to(CHECKOUT)))
def test_imports_point_down_only(file: Path) -> None:
    here = layer(file)
    allowed = LAYER_MAY_IMPORT[here] | {here}
    for name in imports(file):
        parts = name.split(".")
        assert parts[0] != "msftk_plugins" or here == "plugins", f"{file} imports a plugin: {name}"
        if parts[0] == "msftk" and len(parts) > 1 and parts[1] in ROOMS | {"recipes", "doctor", "testing", "cli"}:
            lazy = (str(file.relative_to(CHECKOUT)), parts[1]) in LAZY_ROOT_EXPORTS
            assert parts[1] in allowed or lazy, f"{here} may not import {name} ({file})"


@pytest.mark.parametrize(
    "file",
    [p for p in SOURCES if layer(p) in ("root", "cli", "recipes", "doctor")],
    ids=lambda p: str(p.relative_to(CHECKOUT)),
)
def test_heavy_libraries_are_imported_inside_functions(file: Path) -> None:
    heavy = {"torch", "transformers", "numba", "matplotlib", "scipy", "pyworld", "pyarrow"}
    if layer(file) == "recipes":
        heavy -= {"pyarrow"}
        return
    assert not {name.split(".")[0] for name in imports(file, module_level=True)} & heavy


@pytest.mark.parametrize(
    ("arguments", "too_heavy"),
    [
        ("import msftk", {"numpy", "pydantic"}),
        ("--help", {"pydantic", "rich.progress"}),
        ("plugins list", set()),
        ("emphasis {audio} {alignment}", set()),
        ("emphasis {audio} {alignment} --set emphasis.weight_pitch=2 --set f0.floor_hz=80", set()),
    ],
)
def test_light_commands_load_nothing_heavy(arguments: str, too_heavy: set[str], tmp_path: Path) -> None:
    made = write_utterance(tmp_path, "s01")
    words = arguments.format(audio=made.audio, alignment=made.alignment).split()
    code = arguments if arguments.startswith("import") else f"from msftk.cli.app import run; assert run({words!r}) == 0"
    heavy = {"torch", "transformers", "numba", "scipy", "pyarrow", "matplotlib", "pyworld"} | too_heavy
    probe = f"{code}\nimport sys; print('HEAVY', sorted({heavy!r} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "HEAVY []"
