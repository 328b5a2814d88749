"""No message names a flag that the command which prints it lacks, or that no command has."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from msftk.cli import app
from msftk.cli.remedies import FLAG, QUOTED, fitted, options

CHECKOUT = Path(__file__).parents[2]
SOURCES = [file for room in ("msftk", "plugins") for file in sorted((CHECKOUT / room).rglob("*.py"))]
OTHER_PROGRAMS = {
    "--no-deps",
    "--no-build-isolation",
    "--force-reinstall",
    "--output_format",
    "--clean",
    "--single_speaker",
    "--temporary_directory",
    "--head",
}  # of pip, MFA and ray


@cache
def messages(file: Path) -> tuple[str, ...]:
    """Each text of a source file that is neither docstring nor declares an option; what an f-string fills in is X."""
    return tuple(_messages(file))


def _messages(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    whole = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) or declares_option(node)]
    parts = {id(part) for node in whole for part in ast.walk(node) if part is not node}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and id(node) not in parts:
            yield "".join(part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            parts.add(id(node.value))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


def declares_option(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "typer.Option"


def test_every_flag_that_a_message_names_is_one_of_a_command() -> None:
    known = set[str]().union(*options().values()) | OTHER_PROGRAMS
    named = {flag: file.name for file in SOURCES for text in messages(file) for flag in FLAG.findall(text)}
    assert {flag: file for flag, file in named.items() if flag not in known} == {}
    assert {"--folds", "--set", "--out"} <= named.keys()


@pytest.mark.parametrize("command", sorted(options()))
def test_a_commands_own_messages_name_its_own_flags(command: str) -> None:
    file = CHECKOUT / "msftk" / "cli" / f"{command}.py"
    named = {flag for text in messages(file) for flag in FLAG.findall(QUOTED.sub("", text))}
    lent = {"--set"} if command == "plugins" else set()  # it shows how other commands set an option
    assert named - OTHER_PROGRAMS - lent <= options()[command]


@pytest.mark.parametrize("command", sorted(options()))
def test_whatever_a_room_advises_tells_whose_flag_it_is(command: str) -> None:
    for text in {text for file in SOURCES for text in messages(file) if FLAG.search(text)}:
        told = fitted(text, command)
        for flag in set(FLAG.findall(QUOTED.sub("", text))) - OTHER_PROGRAMS - options()[command]:
            assert f"{flag} is an option of msftk " in told.removeprefix(text)


def test_a_flag_of_a_command_that_is_named_is_left_alone() -> None:
    assert fitted("Take msftk train --folds session.", "quickstart") == "Take msftk train --folds session."


def test_a_command_that_takes_no_settings_says_who_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MSFTK_TRAINING__EPOCHS", "some")
    assert app.run(["quickstart"]) == 2
    said = capsys.readouterr().err
    assert "Correct it in the settings file or by --set. (--set is an option of msftk prepare, " in said
    assert app.run(["train"]) == 2
    assert "is an option of" not in capsys.readouterr().err
