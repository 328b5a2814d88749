"""What an error advises, made to fit the command that it ended: rooms and plugins do not know who called them."""

from __future__ import annotations

import re
from functools import cache

import typer

from msftk.cli.commands import app

FLAG = re.compile(r"(?<![\w-])--[a-z][a-z_-]*")
QUOTED = re.compile(r"msftk [a-z]+ .*?(?=`|\. |$)", re.MULTILINE)  # a command that is named with its own flags


@cache
def options() -> dict[str, set[str]]:
    """Command -> the flags that it takes; those of `plugins` under one name."""
    group = typer.main.get_command(app)
    return {name: _flags(command) for name, command in group.commands.items()}  # type: ignore[attr-defined]


def fitted(message: str, command: str) -> str:
    """`message`, followed by whose each flag in it is that `command` lacks.

    >>> fitted("No speakers. Use --folds session.", "quickstart")
    'No speakers. Use --folds session. (--folds is an option of msftk train.)'
    """
    known = options()
    lacking = dict.fromkeys(FLAG.findall(QUOTED.sub("", message))) if command in known else {}
    told = []
    for flag in lacking:
        owners = [f"msftk {name}" for name, flags in known.items() if flag in flags]
        if owners and flag not in known[command]:
            told.append(f"{flag} is an option of {', '.join(owners)}.")
    return f"{message} ({' '.join(told)})" if told else message


def _flags(command: object) -> set[str]:
    parameters = getattr(command, "params", ())
    own = {flag for one in parameters for flag in (*one.opts, *one.secondary_opts) if flag.startswith("--")}
    return own.union(*(_flags(one) for one in getattr(command, "commands", {}).values()))
