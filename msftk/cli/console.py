"""What commands print with: results on stdout, progress and messages on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from msftk.progress import ProgressCallback
from msftk.recipes.wording import said_of

# Control characters as signs that can be seen: what data holds must not steer the terminal. A line may end.
SIGNS = {code: 0x2400 + code for code in range(32) if chr(code) != "\n"} | {0x7F: 0x2421}
SIGNS |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
ESCAPES = {code: f"\\u{code:04x}" for code in (0x7F, *range(0x80, 0xA0))}  # JSON itself escapes those below a blank


class Terminal(Console):
    """Shows data as it is: brackets are no markup, ":name:" is no picture, control characters become signs."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **how: Any) -> Text:
        """A table measures its cells by this: signs take room where control characters take none."""
        return super().render_str(text.translate(SIGNS), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What rich would write, with every piece of text made harmless."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else _utf8(text.translate(SIGNS)), style, control)


out = Terminal()
err = Terminal(stderr=True)


def print_json(value: Any) -> None:
    """One JSON value and nothing else on stdout; control characters and what is not UTF-8 stand escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    sys.stdout.write(_utf8(text.translate(ESCAPES)) + "\n")


def _utf8(text: str) -> str:
    """What a file name holds beside UTF-8 stands escaped."""
    return text.encode(errors="backslashreplace").decode()


def number_table(first: str, *numbers: str, title: str | None = None) -> Table:
    """A table without lines: one column of names, and columns of numbers, aligned on the right."""
    table = Table(first, box=None, header_style="bold", title=title, title_justify="left", pad_edge=False)
    for heading in numbers:
        table.add_column(heading, justify="right")
    return table


def print_apart(table: Table, heading: str = "") -> None:
    """A table, and what it is about, below a blank line that parts it from what was printed before."""
    out.print()
    if heading:
        out.print(heading)
    out.print(table)


@contextmanager
def bar() -> Iterator[ProgressCallback]:
    """Yields the callback that recipes report to: bars where stderr is a terminal, else a line now and then."""
    from msftk.cli.watching import Lines, drawn

    if err.is_terminal:
        with drawn(err) as report:
            yield report
    else:
        yield Lines(lambda line: err.print(line, soft_wrap=True))


def some_failed(failures: Mapping[str, str]) -> None:
    """Lists items that failed among many and ends with exit code 3; nothing failed: returns."""
    if not failures:
        return
    err.print(f"{len(failures)} failed:", style="bold red")
    for name, message in failures.items():
        err.print(f"  {said_of(name, message)}", soft_wrap=True)
    raise typer.Exit(3)
