"""Writes a plugin package to start from: a small component that works, its hook, its test."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from msftk.errors import InputError
from msftk.hookspecs import Kind, find_kind
from msftk.registry import registry

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class NewPlugin:
    """A package that was written: its folder, its files in it, and the command that uses it once it is installed."""

    folder: Path
    files: tuple[Path, ...]
    usage: str


def new_plugin(name: str, kind: str, parent: Path = Path()) -> NewPlugin:
    """Writes `parent`/msftk-NAME: an installable package with one plugin of that kind.

    Args:
        name: the plugin's name, in small letters, digits and single hyphens.
        kind: a name of `msftk.hookspecs.KINDS`.
    Raises:
        UnknownNameError: no such kind.
        InputError: a name that cannot be used, or is taken by an installed plugin of the kind; the folder exists.
    """
    chosen = find_kind(kind)
    if not chosen.template:
        raise InputError(f"kind '{kind}' has no template. Start from the kind's class in msftk/interfaces.py.")
    _check_name(name, chosen)
    folder = parent / f"msftk-{name}"
    if folder.exists():
        raise InputError(f"{folder}: exists already and is left alone. Choose another name or --out, or remove it.")
    words = _words(name, chosen)
    texts = {Path(*path.split("/")): _filled(template, words) for path, template in _templates(chosen, words).items()}
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return NewPlugin(folder, tuple(texts), words["usage"])


def _check_name(name: str, kind: Kind) -> None:
    if not NAME.fullmatch(name):
        raise InputError(
            f"plugin name '{name}': expected small letters, digits and single hyphens, such as 'word-mean'."
        )
    if keyword.iskeyword(name):
        raise InputError(f"plugin name '{name}' is a word of Python, which no module can be called. Choose another.")
    if taken := next((plugin for plugin in registry().plugins(kind.name) if plugin.name == name), None):
        raise InputError(f"{kind.name} '{name}' is there already, from {taken.package}. Choose another name.")


def _words(name: str, kind: Kind) -> dict[str, str]:
    """What stands for each $word of a template."""
    snake = name.replace("-", "_")
    about = _template(f"{kind.name}.py").splitlines()[0].strip('"').rstrip(".")
    usage = kind.usage.format(name=name, section=kind.section)
    return {
        "name": name,
        "package": f"msftk-{name}",
        "module": f"msftk_{snake}",
        "snake": snake,
        "class_name": "".join(part.capitalize() for part in name.split("-")),
        "kind": kind.name,
        "hook": kind.hook,
        "check": kind.check.partition(":")[2],
        "help": about[0].lower() + about[1:],
        "usage": usage,
    }


def _templates(kind: Kind, words: Mapping[str, str]) -> dict[str, str]:
    """Path in the package -> its template; kinds that need an example file have a test of their own."""
    own_test = f"{kind.name}.test.py"
    module = words["module"]
    return {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        f"{module}/__init__.py": "init.py",
        f"{module}/hooks.py": "hooks.py",
        f"{module}/{words['snake']}.py": f"{kind.name}.py",
        f"tests/test_{words['snake']}.py": own_test if _place(own_test).is_file() else "test.py",
    }


def _place(template: str) -> Path:
    return Path(str(files("msftk"))) / "templates" / f"{template}.template"


def _template(name: str) -> str:
    return _place(name).read_text(encoding="utf-8")


def _filled(template: str, words: Mapping[str, str]) -> str:
    return Template(_template(template)).substitute(words)
