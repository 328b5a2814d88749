"""Imports flow one way: cli -> recipes -> rooms -> root files; nothing imports a plugin."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tones import write_utterance

CHECKOUT = Path(__file__).parents[1]
ROOM_MAY_IMPORT = {
    "speech": set(),
    "store": set(),
    "models": set(),
    "pages": set(),
    "prosody": {"speech"},
    "evaluation": {"prosody", "speech", "store"},
    "preparation": {"prosody", "speech", "store"},
    "runs": {"evaluation", "models", "preparation", "prosody", "speech", "store"},
    "training": {"evaluation", "models", "preparation", "prosody", "runs", "speech", "store"},
}
ROOMS = set(ROOM_MAY_IMPORT)
LAYER_MAY_IMPORT = {
    **ROOM_MAY_IMPORT,
    "recipes": ROOMS,
    "doctor": ROOMS | {"recipes"},
    "serve": ROOMS | {"recipes"},
    "testing": {"models", "runs", "speech"},
    "cli": {"recipes", "doctor", "serve"},
    "plugins": ROOMS,
    "root": set(),
}
LAZY_ROOT_EXPORTS = {  # `msftk.load` and the others, imported when first used
    ("msftk/__init__.py", room) for room in ("evaluation", "recipes", "store")
}


HEAVY = {"torch", "transformers", "numba", "scipy", "pyarrow", "matplotlib", "jinja2", "pyworld", "parselmouth"}
TORCH_ROOMS = {"models", "runs", "training"}
TORCH_PLUGINS = {"acoustic", "fusion", "heads", "intra", "losses", "poolings", "text/to_onnx"}  # modules of the network
RUNS_A_NETWORK = {
    *(
        "ablate",
        "ablation_table",
        "calibration",
        "shared_inputs",
        "ensemble",
        "evaluate",
        "another_stress",
        "explain",
        "explain_page",
        "export",
        "initial",
        "kept",
        "merge",
        "published_on",
        "published_run",
        "quickstart",
        "report",
        "report_numbers",
        "sources",
        "train",
        "training_job",
    )  # recipes
}
KEPT_LIGHT = {
    *(
        "models/rows",
        "models/targets",
        "runs/ahead",
        "runs/begin",
        "runs/folder",
        "runs/model_card",
        "runs/published",
        "runs/tensors",
    ),
    *("training/batches", "training/folds"),
}


@cache
def imports(file: Path, *, when_loaded: bool = False) -> set[str]:
    """Names of modules, and of what is taken from them; `when_loaded`: without what functions import when called."""
    found = set()
    for node in statements(ast.parse(file.read_text(encoding="utf-8")), into_functions=not when_loaded):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def statements(node: ast.AST, *, into_functions: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        types_alone = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if types_alone or (isinstance(child, ast.FunctionDef) and not into_functions):
            continue
        yield child
        yield from statements(child, into_functions=into_functions)


def layer(file: Path) -> str:
    parts = file.relative_to(CHECKOUT).parts
    if parts[0] in ("plugins", "ext"):
        return parts[0]
    if parts[-1] == "__main__.py":
        return "cli"
    return parts[1] if len(parts) > 2 and parts[1] not in ("demo", "grids", "presets", "interfaces") else "root"


def module(file: Path) -> str:
    name = ".".join(file.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")
    return f"msftk_{name}" if name.startswith("plugins") else name


SOURCES = sorted(p for room in ("msftk", "plugins") for p in (CHECKOUT / room).rglob("*.py"))
FILES = {module(file): file for file in SOURCES}


@cache
def loads(name: str) -> frozenset[str]:
    """Every module that importing `name` imports, however far away."""
    found: set[str] = set()
    open_ends = [name]
    while open_ends:
        name = open_ends.pop()
        for part in (name, *(name.rsplit(".", k)[0] for k in range(1, name.count(".") + 1))):  # its packages too
            if part not in found:
                found.add(part)
                open_ends += imports(FILES[part], when_loaded=True) if part in FILES else []
    return frozenset(found)


@pytest.mark.parametrize("file", SOURCES, ids=lambda p: str(p.relative_to(CHECKOUT)))
def test_imports_point_down_only(file: Path) -> None:
    here = layer(file)
    allowed = LAYER_MAY_IMPORT[here] | {here}
    for name in imports(file):
        parts = name.split(".")
        assert parts[0] != "msftk_plugins" or here == "plugins", f"{file} imports a plugin: {name}"
        if (
            parts[0] == "msftk"
            and len(parts) > 1
            and parts[1] in ROOMS | {"recipes", "doctor", "serve", "testing", "cli"}
        ):
            lazy = (str(file.relative_to(CHECKOUT)), parts[1]) in LAZY_ROOT_EXPORTS
            assert parts[1] in allowed or lazy, f"{here} may not import {name} ({file})"


@pytest.mark.parametrize("name", FILES)
def test_a_module_loads_nothing_heavy_but_torch_where_a_network_runs(name: str) -> None:
    room, _, rest = name.partition(".")[2].partition(".")
    torch_is_welcome = (
        (name.startswith("msftk_plugins.") and {room, f"{room}/{rest}"} & TORCH_PLUGINS)
        or (name.startswith("msftk.") and room in TORCH_ROOMS and f"{room}/{rest}" not in KEPT_LIGHT)
        or (room == "recipes" and rest in RUNS_A_NETWORK)
    )
    assert not loads(name) & (HEAVY - ({"torch"} if torch_is_welcome else set()))


@pytest.mark.parametrize("name", sorted(RUNS_A_NETWORK))
def test_a_recipe_that_may_load_torch_does(name: str) -> None:
    assert "torch" in loads(f"msftk.recipes.{name}"), "take it off RUNS_A_NETWORK"


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
    heavy = HEAVY | too_heavy
    probe = f"{code}\nimport sys; print('HEAVY', sorted({heavy!r} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "HEAVY []"
