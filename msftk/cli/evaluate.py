"""`msftk evaluate`: the scores of a run on one split."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msftk.cli.console import bar, out, print_json, some_failed
from msftk.cli.options import (
    AllowDownload,
    AllowSending,
    Combine,
    Device,
    Json,
    Store,
    TrustRemoteCode,
    Workers,
    check_combine,
)
from msftk.cli.scores import print_by_sources, print_ccc, print_experts, print_figures, print_targets, ratings_warning
from msftk.errors import InputError


def evaluate(
    places: Annotated[
        list[str], typer.Argument(metavar="RUN... [M.parquet]", help="Run folder, and maybe another corpus to score.")
    ],
    combine: Combine = None,
    split: Annotated[str, typer.Option("--split", help="dev, test, test1 ...")] = "dev",
    device: Device = "auto",
    trust_remote_code: TrustRemoteCode = False,
    allow_download: AllowDownload = False,
    allow_sending: AllowSending = False,
    store: Store = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Score a run: CCC with 95 % intervals, Pearson, bias, RMSE, CCC within category, experts, CCC with fewer
    sources, protocol card.

    Without a manifest the predictions kept in the run are scored; with one, its split is predicted anew.

    Example: msftk evaluate runs/quickstart --split dev --json
    """
    from msftk.recipes.ensemble import split_runs
    from msftk.recipes.evaluate import evaluate as evaluate_run

    others, rest = split_runs(places[1:])
    runs = [Path(places[0]), *others]
    check_combine(combine, runs)
    if len(rest) > 1:
        raise InputError(f"{rest[0]}: no finished run, and only one manifest can be scored. Name runs first.")
    manifest = Path(rest[0]) if rest else None
    with bar() as progress:
        scored = evaluate_run(
            runs,
            manifest,
            split,
            store=store,
            device=device,
            trust_remote_code=trust_remote_code,
            allow_download=allow_download,
            allow_sending=allow_sending,
            progress=progress,
            workers=workers,
        )
    if json:
        print_json(scored.json())
    else:
        print_ccc({split: scored})
        print_figures(scored)
        print_experts(scored)
        print_by_sources(scored)
        print_targets(scored)
        out.print()
        card = scored.protocol
        heard = f"first {card['seconds_kept']:g} s heard" if card["seconds_kept"] else "no sound heard"
        out.print(
            f"corpus {card['corpus']}, scale {card['scale'][0]:g}..{card['scale'][1]:g}, seed {card['seed']}, "
            f"{heard}, clipping {'on' if card['clipping'] else 'off'}, "
            f"chosen by {card['selection']['by']}; the whole card: --json",
            soft_wrap=True,
        )
        if warning := ratings_warning(scored):
            out.print(f"ratings are {warning}: not a score on human emotion", style="yellow")
    if manifest is not None:
        some_failed(scored.protocol["failures"])
