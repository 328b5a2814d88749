"""`msftk ablate`: every row of a grid with several seeds, and the table of what they score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msftk.cli.console import bar, err, number_table, out, print_json, some_failed
from msftk.cli.options import Config, Device, Json, Preset, Set, Store, TrustRemoteCode, Workers
from msftk.errors import InputError, UnknownNameError, did_you_mean

if TYPE_CHECKING:
    from msftk.recipes.ablate import Ablation


def ablate(
    manifest: Annotated[Path | None, typer.Argument(metavar="M.parquet", help="Corpus (default: demo).")] = None,
    grid: Annotated[str, typer.Option("--grid", help="paper, iemocap, or a TOML file of your own.")] = "paper",
    folder: Annotated[
        Path | None, typer.Option("--out", help="Folder of runs and tables (default: runs/GRID).")
    ] = None,
    rows: Annotated[str | None, typer.Option("--rows", help="These rows alone, e.g. baseline,gs-film.")] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Runs a row, with seeds 0, 1 ...")] = 5,
    split: Annotated[str | None, typer.Option("--split", help="Whose table is printed; all are written.")] = None,
    folds: Annotated[str | None, typer.Option("--folds", help="session, speaker or speaker:K.")] = None,
    shard: Annotated[
        str, typer.Option("--shard", metavar="i/n", help="Train only every n-th run, from the i-th.")
    ] = "1/1",
    preset: Preset = "tiny",
    config: Config = None,
    assignments: Set = None,
    allow_overlap: Annotated[bool, typer.Option("--allow-overlap", help="Let speakers train and test.")] = False,
    device: Device = "auto",
    trust_remote_code: TrustRemoteCode = False,
    store: Store = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Train every row of a grid with several seeds, and compare them: means, spread, intervals, paired differences.

    Each run is a run folder like any other. The same command goes on where it was interrupted; where all is trained it
    makes the tables again.

    Example: msftk ablate M.parquet --grid paper --rows baseline,gs-film --seeds 2 --out runs/ablation
    """
    from msftk.recipes.ablate import ablate as ablate_grid

    place = folder or Path("runs") / Path(grid).stem
    with bar() as progress:
        done = ablate_grid(
            manifest,
            grid,
            place,
            preset=preset,
            config=config,
            assignments=assignments or (),
            rows=[name.strip() for name in (rows or "").split(",") if name.strip()],
            seeds=seeds,
            folds=folds,
            shard=_shard(shard),
            store=store,
            device=device,
            allow_overlap=allow_overlap,
            trust_remote_code=trust_remote_code,
            progress=progress,
            workers=workers,
        )
    if json:
        print_json(done.json())
    elif done.tables:
        _print(done, split)
    if not done.tables:
        err.print(
            f"{done.finished} of {done.runs} runs are finished in {done.out}; "
            "the shard that ends last makes the tables, and so does the same command without --shard.",
            soft_wrap=True,
        )
    some_failed(done.failures)


def _shard(text: str) -> tuple[int, int]:
    part, slash, parts = text.partition("/")
    if not (slash and part.isdigit() and parts.isdigit()):
        raise InputError(f"--shard {text}: expected i/n, e.g. 2/8.")
    return int(part), int(parts)


def _print(done: Ablation, split: str | None) -> None:
    from msftk.recipes.table_text import cells, header, label, notes, parts

    chosen = split or next(iter(done.tables))
    if chosen not in done.tables:
        raise UnknownNameError(
            f"no table of split '{chosen}'. {did_you_mean(chosen, done.tables)}Tables: {', '.join(done.tables)}."
        )
    shown = done.tables[chosen].json
    out.print(f"{shown['corpus']}, {chosen}", style="bold")
    names = header(shown)
    scores, over = names.index("runs"), names.index("mean [95 %]")
    published = names.index("over the baseline") + 1
    for columns in (slice(scores, over), slice(over, published), slice(published, None)):
        if not names[columns]:
            continue
        table = number_table(names[0], *names[columns])
        table.columns[0].no_wrap = True
        for part, own in parts(shown):
            if part:
                table.add_row(f"{part}:")
            for row in own:
                table.add_row(label(row), *cells(shown, row, "x")[columns])
        out.print(table)
        out.print()
    for note in (*notes(shown), *shown["claims"]):
        out.print(note, soft_wrap=True)
    written = ", ".join(f"{done.out}/table-{name}" for name in done.tables)
    out.print(f"written: {written} as .md, .tex, .csv and .json", soft_wrap=True)
