"""`msftk models`: the published models that have a name here, and what is known of each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from msftk.cli.console import bar, err, out, print_json, some_failed
from msftk.cli.options import Device, Json, Store, Workers

models = typer.Typer(help="List published models, show what is known of one.", no_args_is_help=True)


@models.command("list")
def list_models(json: Json = False) -> None:
    """List the published models that have a name: predict, evaluate and train take it by --model and --init.

    Example: msftk models list
    """
    from msftk.recipes.models import list_models as known_models

    known = known_models()
    if json:
        print_json([one.json() for one in known])
        return
    table = Table("name", "says", "heard", "here", "licence", box=None, header_style="bold", pad_edge=False)
    for one in known:
        initials = "".join(attribute[0].upper() for attribute in one.attributes)
        shortest_s, longest_s = one.heard_s
        table.add_row(
            one.name, initials, f"{shortest_s:g}-{longest_s:g} s", "yes" if one.is_here else "no", one.licence
        )
    out.print(table)
    out.print("says: V valence, A arousal, D dominance, as published; here: in this machine's cache", soft_wrap=True)


@models.command("run")
def make_run(
    name: Annotated[str, typer.Argument(help="Name (msftk models list), id on the hub, or folder.")],
    manifest: Annotated[Path, typer.Argument(metavar="M.parquet", help="The corpus to predict.")],
    run: Annotated[Path, typer.Option("--out", help="Run folder to write.")],
    device: Device = "auto",
    store: Store = None,
    workers: Workers = None,
) -> None:
    """Make a run folder of a published model with its predictions of a corpus, for all that takes runs (compare ...).

    Example: msftk models run models/wav2small M.parquet --out runs/wav2small
    """
    from msftk.recipes.published_run import published_run

    with bar() as progress:
        made = published_run(name, manifest, run, store=store, device=device, progress=progress, workers=workers)
    kept = ", ".join(f"{n} of {split}" for split, n in made.splits.items())
    out.print(f"run folder: {made.run}, with predictions: {kept}", soft_wrap=True)
    out.print(f"next: msftk compare RUN {made.run} | msftk evaluate {made.run} --split test1", soft_wrap=True)
    err.print(f"licence of {name}: {made.licence}", style="yellow", soft_wrap=True)
    some_failed(made.failures)


@models.command("show")
def show_model(
    name: Annotated[str, typer.Argument(help="Name (msftk models list), id on the hub, or folder.")],
    json: Json = False,
) -> None:
    """Show one published model: its layout, order, scale, limits and licence.

    Example: msftk models show audeering-dim
    """
    from msftk.recipes.models import show_model as known_model

    known, config = known_model(name)
    if json:
        print_json({**known.json(), "config": config})
        return
    out.print(f"{known.name}  (layout {known.layout}, {known.package})", style="bold", soft_wrap=True)
    out.print(known.about, soft_wrap=True)
    shortest_s, longest_s = known.heard_s
    padding = (
        "says the same alone and in a padded batch" if known.pads_exactly else "says something else in a padded batch"
    )
    for what, told in (
        ("id", known.id or "a folder"),
        ("here", "yes" if known.is_here else f"no: fetched when it is used, or by hf download {known.id}"),
        ("licence", known.licence),
        ("published order", ", ".join(known.attributes)),
        ("scale", f"{known.scale}, not clipped; the ends are those of the scale of its training"),
        ("trained on", known.corpus),
        ("heard", f"{shortest_s:g} to {longest_s:g} s at once; what is longer in windows, by their mean"),
        ("its own code", f"{padding}; here an utterance is heard the same whatever lies beside it"),
    ):
        out.print(f"  {what}: {told}", soft_wrap=True)
