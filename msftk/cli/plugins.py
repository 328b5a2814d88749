"""`msftk plugins`: what is installed, and what each plugin's options are, and a package to start your own from."""

from __future__ import annotations

from itertools import groupby
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from msftk.cli.console import err, out, print_json
from msftk.cli.options import Json
from msftk.errors import InputError, UnknownNameError, did_you_mean

if TYPE_CHECKING:
    from msftk.registry import Plugin

plugins = typer.Typer(help="List plugins, show their options, write a new one.", no_args_is_help=True)


@plugins.command("list")
def list_plugins(
    kind: Annotated[str | None, typer.Option(help="Only this kind, e.g. fusion.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Import every plugin.")] = False,
    json: Json = False,
) -> None:
    """List installed plugins by kind, and the packages that did not load with their error.

    Example: msftk plugins list --kind fusion
    """
    from msftk.registry import registry

    found = registry().plugins(_known_kind(kind))
    broken = [(b.package, b.error) for b in registry().broken]
    if check:
        for plugin in found:
            try:
                plugin.load()
            except InputError as error:
                broken.append((plugin.package, str(error)))
    if json:
        rows = [{"kind": p.kind.name, "name": p.name, "help": p.help, "package": p.package} for p in found]
        print_json({"plugins": rows, "broken": [{"package": package, "error": error} for package, error in broken]})
    else:
        out.print(_table(found))
        for package, reason in broken:
            err.print(f"{package} did not load: {reason}", style="red", markup=False, soft_wrap=True)
    if check and broken:
        raise typer.Exit(1)


@plugins.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Plugin name, or KIND:NAME where several kinds share it.")],
    json: Json = False,
) -> None:
    """Show one plugin: what it does, where it comes from, and its options with defaults.

    Example: msftk plugins show fm-moe
    """
    from msftk.registry import registry

    kind, _, bare = name.rpartition(":")
    found = [p for p in registry().plugins(_known_kind(kind or None)) if p.name == bare]
    if not found:
        names = sorted({p.name for p in registry().plugins(kind or None)})
        raise UnknownNameError(f"unknown plugin '{name}'. {did_you_mean(bare, names)}`msftk plugins list` shows all.")
    shown = []
    for plugin in found:
        component = plugin.load()
        options = component.Options.model_json_schema().get("properties", {})
        shown.append((plugin, " ".join((component.__doc__ or plugin.help).split()), options, component.shown()))
    if json:
        print_json(
            [
                {
                    "kind": plugin.kind.name,
                    "name": plugin.name,
                    "package": plugin.package,
                    "target": plugin.target,
                    "about": about,
                    "options": options,
                    "shown": dict(more),
                }
                for plugin, about, options, more in shown
            ]
        )
        return
    for plugin, about, options, more in shown:
        heading = Text(f"{plugin.kind.name} {plugin.name}", style="bold")
        out.print(Text.assemble(heading, f"  ({plugin.package}, {plugin.target})"))
        out.print(about, markup=False)
        for option, schema in options.items():
            setting = f"--set {plugin.kind.section}.{option}" if plugin.kind.section else option
            out.print(
                f"  {setting} = {schema.get('default', 'required')}   {schema.get('description', '')}", markup=False
            )
        if plugin.kind.listed and options:
            option, schema = next(iter(options.items()))
            entry = f'{{name="{plugin.name}",{option}={dumps(schema.get("default"))}}}'
            out.print(f"  e.g. --set '{plugin.kind.listed}=[{entry}]'", markup=False, soft_wrap=True)
        for heading, text in more.items():
            out.print(f"\n{heading}", style="bold", markup=False)
            out.print(text, markup=False)
        out.print()


@plugins.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Name of the plugin, e.g. word-mean.")],
    kind: Annotated[str, typer.Option(help="Kind of the plugin, e.g. fusion (msftk plugins list).")],
    out_folder: Annotated[Path, typer.Option("--out", help="Folder to write msftk-NAME into.")] = Path("."),
) -> None:
    """Write an installable package with one small plugin that works, its hook and its test, to start your own from.

    Example: msftk plugins new word-mean --kind fusion
    """
    from msftk.recipes.new_plugin import new_plugin

    written = new_plugin(name, kind, out_folder)
    out.print(f"wrote {written.folder}:", markup=False, soft_wrap=True)
    for path in written.files:
        out.print(f"  {path}", markup=False)
    out.print("next:")
    for line in (
        f"cd {written.folder}",
        "python -m pip install --no-deps --no-build-isolation -e .",
        "python -m pytest",
        written.usage,
    ):
        out.print(f"  {line}", markup=False, soft_wrap=True)


def _table(found: list[Plugin]) -> Table:
    """A line a plugin under its kind; what it is gives way on a narrow terminal. Strangers' packages are named."""
    packages = ["" if plugin.package.startswith("msftk ") else plugin.package for plugin in found]
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, min_width=max((2 + len(plugin.name) for plugin in found), default=0))
    table.add_column(no_wrap=True, overflow="ellipsis")
    if any(packages):
        table.add_column(no_wrap=True, min_width=max(map(len, packages)))
    for kind, plugins in groupby(zip(found, packages, strict=True), key=lambda pair: pair[0].kind):
        table.add_row(Text(kind.name, style="bold"), Text(kind.about, style="bold"))
        for plugin, package in plugins:
            table.add_row(f"  {plugin.name}", plugin.help, *filter(None, [package]))
    return table


def _known_kind(kind: str | None) -> str | None:
    from msftk.hookspecs import find_kind

    return kind if kind is None else find_kind(kind).name
