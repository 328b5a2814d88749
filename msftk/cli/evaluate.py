"""`msftk evaluate`: the scores of a run on one split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msftk.cli.console import bar, err, out, print_json, some_failed
from msftk.cli.options import (
    MODEL,
    AllowDownload,
    AllowSending,
    Combine,
    Device,
    Interval,
    Json,
    PublishedModel,
    Set,
    Store,
    TrustRemoteCode,
    Workers,
    check_combine,
    loading,
)
from msftk.cli.scores import (
    card_line,
    print_by_sources,
    print_ccc,
    print_experts,
    print_figures,
    print_slices,
    print_targets,
    print_yardsticks,
    ratings_warning,
)
from msftk.errors import InputError
from msftk.types import RatingScale

if TYPE_CHECKING:
    from msftk.evaluation.evaluation import Evaluation


def evaluate(
    places: Annotated[
        list[str], typer.Argument(metavar="RUN... [M.parquet]", help="Run folder, and maybe another corpus to score.")
    ],
    models: PublishedModel = None,
    combine: Combine = None,
    split: Annotated[str, typer.Option("--split", help="dev, test, test1 ...")] = "dev",
    by: Annotated[
        str | None,
        typer.Option(metavar="NAME,NAME", help="Parts: gender, speaker, duration, category, missing, rater-spread."),
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option("--predictions", metavar="X.csv", help="Score this table, made elsewhere, not a run.")
    ] = None,
    peer: Annotated[
        Path | None, typer.Option("--peer", metavar="X.csv", help="Another system's predictions, to be measured by.")
    ] = None,
    scale: Annotated[
        str | None, typer.Option("--scale", metavar="LOW..HIGH", help="What these tables are on (default: as rated).")
    ] = None,
    interval: Interval = None,
    assignments: Set = None,
    device: Device = "auto",
    trust_remote_code: TrustRemoteCode = False,
    allow_download: AllowDownload = False,
    allow_sending: AllowSending = False,
    store: Store = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Score a run: CCC with 95 % intervals, Pearson, bias, RMSE, CCC within category, experts, CCC with fewer
    sources, protocol card; by parts, and beside a peer. Or score predictions that were made elsewhere.

    Without a manifest the predictions kept in the run are scored; with one, its split is predicted anew.

    Example: msftk evaluate runs/quickstart --split dev --json
    Example: msftk evaluate --predictions X.csv M.parquet --split test1 --by gender,duration
    Example: msftk evaluate --model audeering-dim M.parquet --split test1
    """
    from msftk.recipes.evaluate import evaluate as evaluate_run
    from msftk.recipes.named_runs import named_runs
    from msftk.recipes.scored import evaluate_table

    parts = tuple(name.strip() for name in (by or "").split(",") if name.strip())
    on = None if scale is None else RatingScale.read(scale, "--scale")
    if predictions is not None:
        if len(places) > 1 or combine or models or interval:
            raise InputError(f"--predictions {predictions}: scored by themselves. Name one manifest and no run.")
        _show(evaluate_table(predictions, places[0], split, by=parts, peer=peer, scale=on), split, json=json)
        return
    if other := next((one for one in assignments or () if not one.startswith(MODEL)), None):
        raise InputError(f"--set {other}: here the settings are the run's; only those of a published model may be set.")
    runs, rest = named_runs(places, models)
    check_combine(combine, [*runs, *(models or ())])
    if len(rest) > 1:
        raise InputError(f"{rest[0]}: no finished run, and only one manifest can be scored. Name runs first.")
    manifest = Path(rest[0]) if rest else None
    with bar() as progress:
        scored = evaluate_run(
            runs,
            manifest,
            split,
            by=parts,
            peer=peer,
            scale=on,
            interval=interval,
            store=store,
            progress=progress,
            workers=workers,
            **loading(models, device, trust_remote_code, allow_download, allow_sending, assignments),
        )
    _show(scored, split, json=json)
    for name, licence in scored.protocol.get("licences", {}).items():
        err.print(f"licence of {name}: {licence}", style="yellow", soft_wrap=True)
    if manifest is not None:
        some_failed(scored.protocol["failures"])


def _show(scored: Evaluation, split: str, *, json: bool) -> None:
    if json:
        print_json(scored.json())
        return
    print_ccc({split: scored})
    print_yardsticks(scored)
    print_figures(scored)
    print_slices(scored)
    print_experts(scored)
    print_by_sources(scored)
    print_targets(scored)
    out.print()
    out.print(card_line(scored), soft_wrap=True)
    if warning := ratings_warning(scored):
        out.print(f"ratings are {warning}: not a score on human emotion", style="yellow")
