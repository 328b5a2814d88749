"""`msftk train`: a model from a corpus, and its scores."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from msftk.cli.console import bar, err, out, print_json, some_failed
from msftk.cli.launch import launch
from msftk.cli.options import (
    Aligner,
    Config,
    Describer,
    Device,
    Json,
    Preset,
    Semantics,
    Set,
    Store,
    Transcriber,
    TrustRemoteCode,
    Workers,
    settings_from,
)
from msftk.cli.scores import print_ccc, print_experts
from msftk.launched import rank, world_size

BEGUN = {
    "new": "",
    "resumed": "resumed from where it was interrupted",
    "finished": "trained before: these are its scores",
}


def train(
    manifest: Annotated[Path | None, typer.Argument(metavar="M.parquet", help="Corpus (default: demo).")] = None,
    fusion: Annotated[str | None, typer.Option("--fusion", help="How sound and meaning are joined.")] = None,
    semantics: Semantics = None,
    transcriber: Transcriber = None,
    aligner: Aligner = None,
    describer: Describer = None,
    init: Annotated[
        str | None, typer.Option("--init", metavar="NAME", help="Fine-tune a published model (msftk models list).")
    ] = None,
    run: Annotated[Path | None, typer.Option("--out", help="Run folder (default: runs/DATE-FUSION).")] = None,
    preset: Preset = "tiny",
    config: Config = None,
    assignments: Set = None,
    folds: Annotated[str | None, typer.Option("--folds", help="session, speaker or speaker:K.")] = None,
    refit: Annotated[bool, typer.Option("--refit", help="After the folds train one model on all data.")] = False,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of weights, batches and dropout.")] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the training part.")] = None,
    allow_overlap: Annotated[bool, typer.Option("--allow-overlap", help="Let speakers train and test.")] = False,
    device: Device = "auto",
    gpus: Annotated[
        int, typer.Option("--gpus", min=1, help="Processes that train together, one a GPU (or with --device cpu).")
    ] = 1,
    trust_remote_code: TrustRemoteCode = False,
    store: Store = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Train a model, choose its best epoch on dev, and score it. An interrupted run goes on from its last epoch; of a
    finished one the same command prints the scores.

    Without a manifest it trains on the demo corpus. --fusion none is acoustics alone.

    Example: msftk train M.parquet --fusion fm-moe --semantics gs,les,es --out runs/first
    Example: msftk train M.parquet --init msp-lab --fusion none --out runs/tuned
    """
    if gpus > 1 and world_size() == 1:
        raise typer.Exit(launch(gpus, device))
    from msftk.recipes.train import train as train_model

    settings = settings_from(
        preset,
        config,
        assignments,
        semantics,
        transcriber__name=transcriber,
        aligner__name=aligner,
        describer__name=describer,
        fusion__name=fusion,
        training__seed=seed,
        training__epochs=epochs,
    )
    if manifest is None and not rank():
        err.print("no manifest given: training on the demo corpus (synthetic speech, planted ratings)", soft_wrap=True)
    folder = run or Path("runs") / f"{date.today():%Y-%m-%d}-{settings.fusion.name}"
    with bar() as progress:
        result = train_model(
            manifest,
            settings,
            folder,
            init=init,
            store=store,
            folds=folds,
            refit=refit,
            device=device,
            allow_overlap=allow_overlap,
            trust_remote_code=trust_remote_code,
            progress=progress,
            workers=workers,
        )
    if rank():  # the first process tells
        return
    if json:
        print_json(result.json())
    else:
        if result.settings.fusion.name != settings.fusion.name:
            out.print(f"the corpus is text without sound: trained with --fusion {result.settings.fusion.name}")
        if note := BEGUN[result.begun.value]:
            out.print(note)
        print_ccc(result.evaluations)
        for split, scored in result.evaluations.items():
            if split != "dev" or len(result.evaluations) == 1:
                print_experts(scored, f"experts on {split}:")
        out.print()
        if result.warning:
            out.print(f"ratings are {result.warning}: not a score on human emotion", style="yellow")
        _next_steps(result.run, manifest)
    for note in result.notes:
        err.print(note, style="yellow", soft_wrap=True)
    some_failed(result.failures)


def _next_steps(run: Path, manifest: Path | None) -> None:
    out.print(f"run folder: {run}", soft_wrap=True)
    out.print(f"next: msftk predict {run} AUDIO... | msftk report {run} --out report.html", soft_wrap=True)
    if manifest is None:
        out.print(
            "your own corpus: msftk prepare CORPUS ROOT --out M.parquet, then msftk train M.parquet", soft_wrap=True
        )
