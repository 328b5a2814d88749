"""What data holds is shown as it is, and never steers the terminal."""

from __future__ import annotations

import io
import json

import pytest
from rich.text import Text

from msftk.cli import console
from msftk.cli.console import Terminal, number_table, print_apart, print_json, some_failed

STRANGE = "a\x1b[2Jb\x9bc [bold]d[/] :smile:"
SHOWN = "a␛[2Jb\ufffdc [bold]d[/] :smile:"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    drawn = Terminal()
    drawn.file = io.StringIO()
    monkeypatch.setattr(console, "err", drawn)
    return drawn


def written(terminal: Terminal) -> str:
    assert isinstance(terminal.file, io.StringIO)
    return terminal.file.getvalue()


def test_control_characters_and_markup_of_data_are_shown(terminal: Terminal) -> None:
    terminal.print(STRANGE, soft_wrap=True)
    terminal.print(Text(STRANGE))
    table = number_table(STRANGE)
    table.add_row(STRANGE)
    terminal.print(table)
    assert [line.strip() for line in written(terminal).replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()] == [
        SHOWN
    ] * 4


def test_styles_and_lines_still_reach_the_terminal(terminal: Terminal) -> None:
    terminal.print("one\ntwo", style="bold")
    assert written(terminal) == "\x1b[1mone\x1b[0m\n\x1b[1mtwo\x1b[0m\n"


def test_names_of_failed_items_are_harmless(terminal: Terminal) -> None:
    with pytest.raises(Exception, match="3"):
        some_failed({STRANGE: STRANGE})
    assert "\x1b[2J" not in written(terminal)
    assert f"{SHOWN}: {SHOWN}" in written(terminal)


def test_a_table_stands_apart_below_its_heading(capsys: pytest.CaptureFixture[str]) -> None:
    table = number_table("id", "score")
    table.add_row("a", "1")
    print_apart(table, "experts on test:")
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == [
        "",
        "experts on test:",
        "id  score",
        "a       1",
    ]


def test_json_escapes_what_a_terminal_would_obey(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"id": STRANGE + "\x7f ü"})
    text = capsys.readouterr().out
    assert not {"\x1b", "\x7f", "\x9b"} & set(text)
    assert "ü" in text
    assert json.loads(text) == {"id": STRANGE + "\x7f ü"}
