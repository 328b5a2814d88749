"""`msftk report`: one HTML page of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msftk.cli.console import out
from msftk.cli.options import Store


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder that msftk train wrote.")],
    page: Annotated[Path | None, typer.Option("--out", help="Page to write (default: RUN/report.html).")] = None,
    store: Store = None,
) -> None:
    """Write a self-contained HTML page: scores, experts, training curves, stressed words, protocol card.

    Example: msftk report runs/quickstart --out report.html
    """
    from msftk.recipes.report import write_report

    out.print(f"{write_report(run, page or run / 'report.html', store=store)}", soft_wrap=True)
