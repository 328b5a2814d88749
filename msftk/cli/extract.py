"""`msftk extract`: fills the feature store for a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from msftk.cli.console import bar, err, number_table, out, print_apart, print_json, some_failed
from msftk.cli.options import (
    Aligner,
    Config,
    Describer,
    Json,
    Preset,
    Semantics,
    Set,
    Shard,
    Store,
    Transcriber,
    TrustRemoteCode,
    Workers,
    settings_from,
)
from msftk.counting import counted
from msftk.recipes.wording import said_once

if TYPE_CHECKING:
    from msftk.recipes.extract import Extraction


def extract(
    manifest: Annotated[Path, typer.Argument(metavar="M.parquet", help="Manifest, as msftk prepare wrote it.")],
    semantics: Semantics = None,
    transcriber: Transcriber = None,
    aligner: Aligner = None,
    describer: Describer = None,
    preset: Preset = "tiny",
    config: Config = None,
    assignments: Set = None,
    trust_remote_code: TrustRemoteCode = False,
    store: Store = None,
    workers: Workers = None,
    shard: Shard = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again what is stored as failed, such as a description.")
    ] = False,
    table: Annotated[
        Path | None, typer.Option("--out", help="Also write the manifest (.parquet) with the transcripts made.")
    ] = None,
    json: Json = False,
) -> None:
    """Prepare texts, semantic vectors and F0 of every utterance into the feature store; resumable.

    Example: msftk extract M.parquet --semantics gs,les,es
    """
    from msftk.recipes.extract import extract_corpus

    settings = settings_from(
        preset,
        config,
        assignments,
        semantics,
        transcriber__name=transcriber,
        aligner__name=aligner,
        describer__name=describer,
    )
    with bar() as progress:
        done = extract_corpus(
            manifest,
            settings,
            store=store,
            trust_remote_code=trust_remote_code,
            progress=progress,
            workers=workers,
            shard=shard,
            retry_failed=retry_failed,
            out=table,
        )
    if json:
        print_json(done.json())
    else:
        _show(done)
    for message in said_once(done.prepared.warnings.items()):
        err.print(f"warning: {message}", soft_wrap=True)
    some_failed(done.prepared.failures)


def _show(done: Extraction) -> None:
    found = done.prepared
    table = Table("source", "group", box=None, header_style="bold", pad_edge=False)
    for heading in ("dim", "present"):
        table.add_column(heading, justify="right")
    table.add_column("absent")
    for source, dim in found.dims.items():
        absent = ", ".join(f"{count} {reason}" for reason, count in sorted(found.absent[source].items()))
        table.add_row(source, found.groups[source], str(dim), str(found.present[source]), absent or "0")
    out.print(table)
    stages = number_table("stage", "made", "from the store", "failed")
    for stage, tally in found.stages.items():
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(tally.failed.items()))
        stages.add_row(stage, str(tally.made), str(tally.found), why or "0")
    print_apart(stages)
    for what, makers in done.made_by.items():
        out.print(f"{what}s: " + ", ".join(f"{n} {who}" for who, n in sorted(makers.items())), soft_wrap=True)
    out.print(f"{counted(done.n_utterances, 'utterance')}, stored in {done.store}", soft_wrap=True)
    if done.ratings:
        out.print(f"ratings: {done.ratings}", soft_wrap=True)
