"""`msftk prepare`: a corpus tree or table becomes a manifest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from msftk.cli.console import bar, err, number_table, out, print_json
from msftk.cli.options import Json, Workers
from msftk.counting import counted
from msftk.errors import InputError
from msftk.types import RatingScale

if TYPE_CHECKING:
    from msftk.recipes.prepare import PrepareResult, SplitCounts


def prepare(
    corpus: Annotated[str, typer.Argument(help="msp-podcast, iemocap, csv, demo, or another (msftk plugins list).")],
    manifest: Annotated[Path, typer.Option("--out", metavar="M.parquet", help="Manifest to write.")],
    root: Annotated[Path | None, typer.Argument(help="Its folder or table; demo needs none.")] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="FIELD=COLUMN", help="Names a column of a csv corpus, e.g. valence=V."),
    ] = None,
    scale: Annotated[str | None, typer.Option(metavar="LOW..HIGH", help="Rating scale of a csv corpus.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=VALUE", help="Keeps such rows of a csv corpus alone.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="OPTION=VALUE", help="Any other option of the corpus.")
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Hash all audio, even if size and time are known.")] = False,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Read a corpus into a manifest: one table of utterances with ratings, transcripts, alignments and audio hashes.

    Example: msftk prepare demo --out demo.parquet
    """
    from msftk.assignments import assigned, gathered
    from msftk.recipes.prepare import prepare as run

    options = gathered(assigned(text, "option=value") for text in assignments or ())
    options |= {"columns": named} if (named := _pairs(columns, "--column", "field=column")) else {}
    options |= {"where": kept} if (kept := _pairs(where, "--where", "column=value")) else {}
    if scale is not None:
        rated = RatingScale.read(scale, "--scale")
        options["scale"] = rated.low, rated.high
    with bar() as progress:
        result = run(corpus, root, manifest, options=options, verify=verify, workers=workers, progress=progress)
    if json:
        print_json(_plain(manifest, result))
    else:
        _show(manifest, result)
    if result.problems:
        err.print(f"{len(result.problems)} left out:", style="bold red")
        for problem in result.problems:
            err.print(f"  {problem}", soft_wrap=True)
        raise typer.Exit(3)


def _pairs(texts: list[str] | None, flag: str, form: str) -> dict[str, str]:
    """ "name=value" texts as a mapping."""
    pairs = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise InputError(f"{flag} {text}: expected {form}. Write {flag} {form}.")
        if name.strip() in pairs:
            raise InputError(f"{flag} {text}: '{name.strip()}' is given twice. Give it once.")
        pairs[name.strip()] = value
    return pairs


def _plain(path: Path, result: PrepareResult) -> dict[str, Any]:
    manifest = result.manifest
    return {
        "out": str(path),
        "corpus": manifest.corpus,
        "scale": [manifest.scale.low, manifest.scale.high],
        "splits": [asdict(counts) for counts in result.counts],
        "facts": dict(manifest.facts),
        "problems": list(result.problems),
    }


def splits_table(counts: Iterable[SplitCounts]) -> Table:
    """A row a split: how much there is, and how many have what."""
    table = number_table("split", "utterances", "hours", "speakers", "transcript", "alignment", "ratings")
    for one in counts:
        numbers = (one.utterances, f"{one.hours:.2f}", one.speakers)
        having = (one.with_transcript, one.with_alignment, one.with_ratings)
        table.add_row(one.split or "(none)", *map(str, (*numbers, *having)))
    return table


def _show(path: Path, result: PrepareResult) -> None:
    out.print(splits_table(result.counts))
    for name, fact in result.manifest.facts.items():
        out.print(f"{name}: {fact}", soft_wrap=True)
    n_utterances, scale = len(result.manifest.utterances), result.manifest.scale
    rated = f"rated {scale}" if any(counts.with_ratings for counts in result.counts) else "no ratings"
    out.print(f"{path}: {counted(n_utterances, 'utterance')}, {rated}", soft_wrap=True)
