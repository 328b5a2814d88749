"""The `msftk` command: registers every command, and is the only catcher of errors."""

from __future__ import annotations

import sys
from importlib import import_module

import typer
from rich.text import Text

from msftk import __version__
from msftk.cli.console import err
from msftk.errors import MsftkError

COMMANDS = ("prepare", "doctor", "emphasis", "extract", "train", "evaluate", "predict", "report", "quickstart")

INTERRUPTED = 130

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


def main() -> None:
    """The console command: runs `sys.argv` and ends with the documented exit code."""
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:
    """Runs one command line; returns 0 done, 1 failed, 2 usage or bad input, 3 some items failed, 130 interrupted."""
    try:
        app(arguments)
    except MsftkError as error:
        err.print(Text.assemble(("error: ", "bold red"), str(error)), soft_wrap=True)
        return error.exit_code
    except SystemExit as end:  # Typer ends every command this way, a usage error with 2, Ctrl-C with 130
        if end.code == INTERRUPTED:
            err.print("interrupted: finished work is kept, the same command goes on from there.")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
