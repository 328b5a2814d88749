"""Settings as they are given, in presets, TOML files, the environment and "section.option=value", laid over another."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, time
from importlib.resources import files
from pathlib import Path
from typing import Any

from msftk.errors import InputError, UnknownNameError, did_you_mean
from msftk.files import read_text
from msftk.hookspecs import KINDS

ENVIRONMENT_PREFIX = "MSFTK_"
SECTIONS = {kind.section: kind.name for kind in KINDS if kind.section}  # section -> kind that it chooses from
LISTS = {kind.listed: kind.name for kind in KINDS if kind.listed}  # list -> kind that it names several of
NO_TOML = (ValueError, RecursionError)  # of the parser; some numbers and depths are more than Python reads
ALSO_WRITTEN = {("emphasis", "f0"): ("f0", "name")}  # emphasis.f0=dio: F0 has a section of its own, for all who read it
FREEZE = {True: "frozen", False: "full"}  # acoustic.freeze, in the words of adaptation.name


def presets() -> list[str]:
    return sorted(path.name.removesuffix(".toml") for path in files("msftk").joinpath("presets").iterdir())


def read_toml(file: Path) -> dict[str, Any]:
    """Raises InputError: it cannot be read, is no text, or no TOML."""
    try:
        return tomllib.loads(read_text(file))
    except NO_TOML as error:
        raise InputError(f"{file}: not valid TOML: {error}. Correct the file.") from error


def read_preset(name: str) -> dict[str, Any]:
    """A preset with those that it extends. Raises UnknownNameError with the nearest."""
    if name not in presets():
        raise UnknownNameError(
            f"unknown preset '{name}'. {did_you_mean(name, presets())}Known: {', '.join(presets())}."
        )
    values = tomllib.loads(files("msftk").joinpath("presets", f"{name}.toml").read_text(encoding="utf-8"))
    merged = read_preset(values.pop("extends")) if "extends" in values else {}
    _merge(merged, values)
    return merged


def _value(text: str) -> Any:
    """The TOML value that `text` writes; a bare word is a string, and so is a date, which no setting is."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except NO_TOML:
        return text
    return text if isinstance(value, (date, time)) else value


def environment_pairs(environment: Mapping[str, str]) -> list[tuple[str, object]]:
    """MSFTK_FUSION__HIDDEN=256 -> ("fusion.hidden", 256); a name without "__" is no setting, but for the lists of
    components: MSFTK_TARGETS=vad,gender."""
    names = sorted(name for name in environment if name.startswith(ENVIRONMENT_PREFIX))
    paths = [name.removeprefix(ENVIRONMENT_PREFIX).lower().replace("__", ".") for name in names]
    found = zip(paths, names, strict=True)
    return [(path, _value(environment[name])) for path, name in found if "." in path or path in LISTS]


def assigned(assignment: str, expected: str = "section.option=value, e.g. fusion.hidden=256") -> tuple[str, object]:
    """What `--set` reads, wherever it stands: "fusion.hidden=256" -> ("fusion.hidden", 256)."""
    path, equals, value = assignment.partition("=")
    if not equals or not path.strip():
        raise InputError(f"--set {assignment}: expected {expected}.")
    return path.strip(), _value(value.strip())


def gathered(pairs: Iterable[tuple[str, object]]) -> dict[str, Any]:
    """Dotted paths with values as nested tables; of one path the last value counts."""
    layer: dict[str, Any] = {}
    for path, value in pairs:
        *parents, last = path.split(".")
        table = layer
        for parent in parents:
            if not isinstance(table.get(parent), dict):
                table[parent] = {}
            table = table[parent]
        table[last] = value
    return layer


def lay(merged: dict[str, Any], layer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Lays one source of settings over the others, its second spellings (`ALSO_WRITTEN`, `FREEZE`) read as the first.

    Returns it so: section -> what it says there.
    """
    plain = {key: dict(value) if isinstance(value, Mapping) else value for key, value in layer.items()}
    for (section, option), (home, name) in ALSO_WRITTEN.items():
        if isinstance(plain.get(section), dict) and option in plain[section]:
            plain.setdefault(home, {})[name] = plain[section].pop(option)
    acoustic = plain.get("acoustic")
    if isinstance(acoustic, dict) and isinstance(acoustic.get("freeze"), bool):
        plain.setdefault("adaptation", {})["name"] = FREEZE[acoustic.pop("freeze")]
    _merge(merged, plain)
    return plain


def _merge(into: dict[str, Any], layer: Mapping[str, Any]) -> None:
    """Lays `layer` over `into`. Another component name drops the options that belonged to the former one."""
    for key, value in layer.items():
        old = into.get(key)
        if isinstance(value, Mapping) and isinstance(old, dict):
            if key in SECTIONS and value.get("name", old.get("name")) != old.get("name"):
                into[key] = dict(value)
            else:
                _merge(old, value)
        else:
            into[key] = dict(value) if isinstance(value, Mapping) else value
