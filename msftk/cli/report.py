"""`msftk report`: one HTML page of a run, or of several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msftk.cli.console import out, print_json
from msftk.cli.options import Json, Store


def report(
    run: Annotated[
        Path, typer.Argument(metavar="RUN|FOLDER", help="Run folder that msftk train wrote, or a folder of such runs.")
    ],
    page: Annotated[Path | None, typer.Option("--out", help="Page to write (default: RUN/report.html).")] = None,
    store: Store = None,
    json: Json = False,
) -> None:
    """Write a self-contained HTML page: scores, residuals by slice, spread and intervals, experts and routing, training
    curves, the worst utterances, stressed words, settings, environment and protocol card. Of a folder of runs: the
    table of msftk compare.

    --json prints every number of the page, and writes none without --out.

    Example: msftk report runs/quickstart --out report.html
    """
    from msftk.recipes.report import report_numbers, write_report

    if page or not json:
        written = write_report(run, page or run / "report.html", store=store)
        if not json:
            out.print(f"{written}", soft_wrap=True)
    if json:
        print_json(report_numbers(run, store=store))
