"""Every command of `msftk`, under its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer

from msftk import __version__
from msftk.cli.logs import show_logs

COMMANDS = (
    "prepare",
    "doctor",
    "align",
    "emphasis",
    "extract",
    "train",
    "evaluate",
    "ablate",
    "compare",
    "predict",
    "explain",
    "serve",
    "report",
    "merge",
    "export",
    "quickstart",
)
GROUPS = ("plugins", "models", "store")

Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show what is logged.")]


def with_verbose(command: Callable[..., None]) -> Callable[..., None]:
    """The command with -v beside its own options."""

    @wraps(command)
    def run(*arguments: Any, verbose: bool, **options: Any) -> None:
        show_logs(verbose)
        command(*arguments, **options)

    verbose = Parameter("verbose", Parameter.KEYWORD_ONLY, default=False, annotation=Verbose)
    parameters = [*signature(command, eval_str=True).parameters.values(), verbose]
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


app = typer.Typer(
    name="msftk",
    help="Valence, arousal and dominance from speech, listening to which words are stressed (MSF-SER).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for name in COMMANDS:
    app.command(name)(with_verbose(getattr(import_module(f"msftk.cli.{name}"), name)))
for name in GROUPS:
    group = getattr(import_module(f"msftk.cli.{name}"), name)
    for one in group.registered_commands:
        one.callback = with_verbose(one.callback)
    app.add_typer(group, name=name)


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    if show:
        print(f"msftk {__version__}")
        raise typer.Exit
