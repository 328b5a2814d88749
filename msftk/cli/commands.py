"""Every command of `msftk`, under its name."""

from __future__ import annotations

from importlib import import_module

import typer

from msftk import __version__

COMMANDS = ("prepare", "doctor", "emphasis", "extract", "train", "evaluate", "predict", "report", "quickstart")

app = typer.Typer(
    name="msftk",
    help="Valence, arousal and dominance from speech, listening to which words are stressed (MSF-SER).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for name in COMMANDS:
    app.command(name)(getattr(import_module(f"msftk.cli.{name}"), name))
app.add_typer(import_module("msftk.cli.plugins").plugins, name="plugins")


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    if show:
        print(f"msftk {__version__}")
        raise typer.Exit
