"""`msftk doctor`: is a corpus fit to train on?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from msftk.cli.console import bar, number_table, out, print_json
from msftk.cli.options import Config, Json, Preset, Set, Store, Transcriber, Workers, settings_from
from msftk.cli.prepare import splits_table
from msftk.counting import counted
from msftk.recipes.wording import fixed, percent

if TYPE_CHECKING:
    from msftk.doctor.asr import Recognition
    from msftk.doctor.examine import Diagnosis
    from msftk.doctor.findings import Finding

INDENT = " " * 9
SHORT = 32  # characters: names that stand side by side
MARKS = {"error": ("wrong  ", "bold red"), "warning": ("look at", "yellow"), "note": ("note   ", "dim")}


def doctor(
    source: Annotated[Path, typer.Argument(metavar="M.parquet|ROOT", help="A manifest, or a corpus as it lies there.")],
    corpus: Annotated[str | None, typer.Option("--corpus", help="Reads ROOT by this adapter.")] = None,
    decode: Annotated[bool, typer.Option("--decode", help="Decode all audio, not the headers alone.")] = False,
    preset: Preset = "tiny",
    config: Config = None,
    assignments: Set = None,
    asr: Annotated[
        bool, typer.Option("--asr", help="Hear what has a transcript too, and count word errors by split.")
    ] = False,
    transcriber: Transcriber = None,
    store: Store = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Look through a corpus: what is missing, odd or leaking. Ends with 1 if training on it would be wrong.

    Splits, speakers in two splits, the same sound twice, rating range and agreement of raters, missing, changed and
    unreadable audio, stereo and odd rates, transcripts, alignments, words after the end.

    Example: msftk doctor M.parquet
    """
    from msftk.doctor.examine import examine

    settings = settings_from(preset, config, assignments, transcriber__name=transcriber)
    with bar() as progress:
        diagnosis = examine(
            source,
            corpus=corpus,
            decode=decode,
            settings=settings,
            workers=workers,
            progress=progress,
            asr=asr,
            store=store,
        )
    if json:
        print_json(diagnosis.json())
    else:
        _show(diagnosis)
    if diagnosis.is_wrong:
        raise typer.Exit(1)


def _show(diagnosis: Diagnosis) -> None:
    out.print(Text(f"{diagnosis.corpus}, rated {diagnosis.scale}", style="bold"))
    if warning := diagnosis.facts.get("ratings"):
        out.print(f"ratings are {warning}", style="yellow")
    out.print(splits_table(diagnosis.counts))
    out.print(_ratings(diagnosis))
    if diagnosis.recognition:
        out.print(f"word errors of {diagnosis.recognition.heard_by}", soft_wrap=True)
        out.print(_recognition(diagnosis.recognition))
    for finding in diagnosis.findings:
        _show_finding(finding)
    wrong = sum(finding.level == "error" for finding in diagnosis.findings)
    if wrong:
        out.print(f"not fit for training: {counted(wrong, 'thing is', 'things are')} wrong", style="bold red")
    else:
        out.print("fit for training", style="bold green")


def _ratings(diagnosis: Diagnosis) -> Table:
    table = number_table("ratings", "n", "range", "mean", "sd", "raters", "one person (CCC)")
    for attribute, r in diagnosis.ratings.items():
        spread = f"{fixed(r.lowest)} to {fixed(r.highest)}" if r.n else "–"
        table.add_row(attribute, str(r.n), spread, fixed(r.mean), fixed(r.sd), str(r.raters), fixed(r.person))
    return table


def _recognition(found: Recognition) -> Table:
    table = number_table("split", "utterances", "words", "WER", "substituted", "deleted", "inserted", "failed")
    for one in found.splits:
        errors = (one.substituted, one.deleted, one.inserted, one.failed)
        table.add_row(one.split, str(one.utterances), str(one.words), percent(one.rate), *map(str, errors))
    return table


def _show_finding(finding: Finding) -> None:
    mark, style = MARKS[finding.level]
    out.print(Text.assemble((mark, style), "  ", (finding.check, "bold"), f": {finding.text}"), soft_wrap=True)
    named = finding.examples
    for line in [", ".join(named)] if named and max(map(len, named)) < SHORT else named:
        out.print(Text(f"{INDENT}{line}", style="dim"), soft_wrap=True)
    if finding.remedy:
        out.print(Text(f"{INDENT}→ {finding.remedy}"), soft_wrap=True)
