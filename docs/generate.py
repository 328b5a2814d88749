"""Writes what the pages take from the code: docstrings, settings, and a row a kind. python docs/generate.py"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from msftk.hookspecs import KINDS, Kind
from msftk.registry import registry
from msftk.settings import Settings

HERE = Path(__file__).parent
PUBLIC = {  # module -> names, in the order of a first reading; () means all that it exports
    "msftk": (),
    "msftk.recipes.prepare": ("prepare",),
    "msftk.doctor.examine": ("examine",),
    "msftk.recipes.extract": ("extract_corpus",),
    "msftk.recipes.train": ("train",),
    "msftk.recipes.evaluate": ("evaluate",),
    "msftk.recipes.scored": ("evaluate_table",),
    "msftk.recipes.ablate": ("ablate", "Ablation"),
    "msftk.recipes.grid": ("read_grid", "check_grid", "Grid", "Row"),
    "msftk.recipes.compare": ("compare",),
    "msftk.evaluation.comparison": ("Comparison", "SystemScores", "Difference"),
    "msftk.recipes.predict": ("load", "load_model", "Run"),
    "msftk.recipes.predict_result": ("PredictResult", "Prediction", "Window"),
    "msftk.recipes.emphasis": ("emphasise_file",),
    "msftk.recipes.emphasis_corpus": ("emphasise_corpus",),
    "msftk.recipes.report": ("write_report",),
    "msftk.prosody": (),
    "msftk.prosody.rules": ("FeatureRule", "z"),
    "msftk.evaluation.ccc": (),
    "msftk.speech.audio": ("load_audio",),
    "msftk.speech.alignment": ("read_alignment",),
    "msftk.store.manifest": ("Manifest", "read_manifest", "write_manifest"),
    "msftk.store.memory": ("MemoryStore",),
    "msftk.settings": ("load_settings",),
    "msftk.types": ("Utterance", "RatingScale", "Alignment", "WordProsody", "Emphasis", "Description"),
}


def api() -> str:
    """Signature and docstring of every public function and class, module by module."""
    parts = [
        "# Python API\n",
        "Made from the docstrings by `python docs/generate.py`. What plugins inherit from stands in",
        "`msftk/interfaces/`, what checks them in `msftk.testing` ([plugins](plugins.md)).\n",
    ]
    for module_name, chosen in PUBLIC.items():
        module = import_module(module_name)
        if module_name == "msftk":
            parts += ["## msftk\n", inspect.getdoc(module) or "", "", *names_of(module), ""]
            continue
        parts += [f"## {module_name}\n", inspect.getdoc(module) or "", ""]
        for name in chosen or exported(module):
            parts += list(described(name, getattr(module, name)))
    return "\n".join(parts).rstrip() + "\n"


def names_of(module: Any) -> Iterator[str]:
    """What the package itself exports, each name with the module below that describes it."""
    yield "From `msftk` itself, each imported when it is first used:\n"
    yield "| name | from |\n|---|---|"
    for name in module.__all__:
        if not name.startswith("_"):
            yield f"| `msftk.{name}` | `{module._PLACES[name]}` |"


def exported(module: Any) -> list[str]:
    """Names of `__all__`, else the public functions and classes that the module defines."""
    named = getattr(module, "__all__", None)
    own = [
        n for n, v in vars(module).items() if not n.startswith("_") and getattr(v, "__module__", "") == module.__name__
    ]
    return [name for name in (named or own) if callable(getattr(module, name))]


def described(name: str, thing: Any) -> Iterator[str]:
    yield f"### {name}\n\n```text\n{signature(name, thing)}\n```\n"
    yield prose(thing)
    if inspect.isclass(thing) and not issubclass(thing, BaseModel):
        for inner, value in vars(thing).items():
            if not inner.startswith("_") and inspect.isfunction(value):
                yield f"#### {name}.{inner}\n\n```text\n{signature(inner, value)}\n```\n"
                yield prose(value)


def signature(name: str, thing: Any) -> str:
    """The call, an argument a line where it is long."""
    whole = inspect.signature(thing)
    arguments, starred = [], False
    for one in whole.parameters.values():
        if one.kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            arguments.append("*")
            starred = True
        written = str(one).partition(":")[0].partition("=")[0]
        if one.annotation is not inspect.Parameter.empty:
            written += f": {str(one.annotation).strip(chr(39))}"
        if one.default is not inspect.Parameter.empty:
            written += f" = {getattr(one.default, '__name__', repr(one.default))}"
        arguments.append(written)
    empty = whole.return_annotation in (inspect.Signature.empty, "None", None)
    returned = "" if empty else f" -> {str(whole.return_annotation).strip(chr(39))}"
    line = f"{name}({', '.join(arguments)}){returned}"
    return line if len(line) <= 100 else f"{name}(\n    " + ",\n    ".join(arguments) + f",\n){returned}"


def prose(thing: Any) -> str:
    """A docstring as Markdown: what is indented under "Args:" becomes a list, an example a block of code."""
    text, _, example = (inspect.getdoc(thing) or "").partition("\n>>> ")
    lines: list[str] = []
    for line in text.splitlines():
        if re.fullmatch(r"(Args|Returns|Raises):", line):
            lines += ["", f"*{line}*", ""]
        elif re.match(r"    \S", line):
            lines.append(f"- {line.strip()}")
        else:
            lines.append(line if not line.startswith("     ") else f"  {line.strip()}")
    if example:
        lines += ["", "```pycon", f">>> {example}", "```"]
    return "\n".join(lines) + "\n"


def settings() -> str:
    """Every option of a run and of every shipped component."""
    parts = [
        "# Settings\n",
        "Made by `python docs/generate.py`. A run's `settings.toml` holds all. Order: defaults < preset <",
        "TOML file (`--config`) < environment (`MSFTK_FUSION__HIDDEN=256`) < `--set fusion.hidden=256` < flags.\n",
    ]
    parts += ["## Whole run\n", *table("", Settings, skip={kind.section for kind in KINDS})]
    for name, field in Settings.model_fields.items():
        if inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel) and name not in sections():
            parts += [f"## {name}\n", *table(f"{name}.", field.annotation)]
    for kind in KINDS:
        for plugin in registry().plugins(kind.name):
            model = plugin.load().Options
            if plugin.package.startswith("msftk ") and model.model_fields:
                parts += [f"## {kind.name} `{plugin.name}`\n", plugin.help + "\n"]
                parts += table(f"{kind.section}." if kind.section else "", model)
    return "\n".join(parts).rstrip() + "\n"


def sections() -> set[str]:
    return {kind.section for kind in KINDS if kind.section}


def table(prefix: str, model: type[BaseModel], skip: set[str] | None = None) -> list[str]:
    rows = ["| option | default | what it is |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        if name in (skip or ()) or (inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel)):
            continue
        default = "required" if field.is_required() else repr(field.get_default(call_default_factory=True))
        about = " ".join((field.description or "").split())
        rows.append(
            "| "
            + " | ".join(re.sub(r"\|", r"\\|", cell) for cell in (f"`{prefix}{name}`", f"`{default}`", about))
            + " |"
        )
    return [*rows, ""]


def with_table(page: str, header: str, rows: list[str]) -> str:
    """The page with the table that begins with `header` made anew; what stands around it stays."""
    before, _, after = page.partition(header + "\n")
    return (
        before + "\n".join([header, re.sub(r"[^|]+", "---", header), *rows]) + "\n" + after[after.index("\n\n") + 1 :]
    )


def readme() -> str:
    """README.md with a row a kind: what is shipped of it, and a command that uses one."""
    rows = []
    for kind in KINDS:
        shipped = ", ".join(f"`{p.name}`" for p in registry().plugins(kind.name) if p.package.startswith("msftk "))
        rows.append(f"| {kind.name} | {shipped} | `{used(kind)}` |")
    return with_table((HERE.parent / "README.md").read_text(encoding="utf-8"), "| kind | shipped | used by |", rows)


def plugins() -> str:
    """docs/plugins.md with a row a kind: what the package does that is written for one."""
    templates = Path(str(files("msftk"))) / "templates"
    rows = []
    for kind in KINDS:
        first = (
            (templates / f"{kind.name}.py.template").read_text(encoding="utf-8").splitlines()[0].strip('"').rstrip(".")
        )
        rows.append(f"| `{kind.name}` | {first} | `{used(kind)}` |")
    page = (HERE / "plugins.md").read_text(encoding="utf-8")
    return with_table(page, "| kind | what the new package does | used by |", rows)


def used(kind: Kind) -> str:
    return kind.usage.format(name="NAME", section=kind.section)


PAGES = {"docs/api.md": api, "docs/settings.md": settings, "README.md": readme, "docs/plugins.md": plugins}

if __name__ == "__main__":
    for page, make in PAGES.items():
        (HERE.parent / page).write_text(make(), encoding="utf-8")
