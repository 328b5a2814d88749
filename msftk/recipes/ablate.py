"""Trains every row of a grid with several seeds, each a run of its own, and makes the tables of what they score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msftk.consent import Consent, consenting
from msftk.errors import InputError, MsftkError
from msftk.progress import ProgressCallback, part_of, silent
from msftk.recipes.ablation_table import AblationTable, make_table, write_table
from msftk.recipes.grid import Grid, Row, read_grid, settings_of
from msftk.recipes.shared_inputs import SharedInputs
from msftk.recipes.train import check_parts, read_or_demo, settings_on, splits_of, train
from msftk.runs.folder import RunFolder
from msftk.settings import Settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.training.transforms import make_transforms


@dataclass(frozen=True)
class Ablation:
    """The tables of an ablation by split, the one to look at first; none before every run of it is finished.

    `finished` of `runs` runs; `failures`: those that could not be trained, place -> message; they are left out.
    """

    out: Path
    tables: Mapping[str, AblationTable]
    runs: int
    finished: int
    failures: Mapping[str, str]

    def json(self) -> dict[str, Any]:
        return {
            "out": str(self.out),
            "runs": self.runs,
            "finished": self.finished,
            "failures": dict(self.failures),
            "tables": {split: table.json for split, table in self.tables.items()},
        }


@dataclass(frozen=True)
class Item:
    """One run of an ablation: a row with a seed."""

    row: Row
    seed: int
    settings: Settings
    folder: RunFolder

    @property
    def name(self) -> str:
        return f"{self.row.name}, seed {self.seed}"


def ablate(
    manifest: Manifest | str | Path | None,
    grid: Grid | str | Path,
    out: str | Path,
    *,
    preset: str = "tiny",
    config: str | Path | None = None,
    assignments: Iterable[str] = (),
    rows: Sequence[str] = (),
    seeds: int = 5,
    folds: str | None = None,
    shard: tuple[int, int] = (1, 1),
    store: Store | str | Path | None = None,
    device: str = "auto",
    allow_overlap: bool = False,
    trust_remote_code: bool = False,
    progress: ProgressCallback | None = None,
    workers: int | None = None,
) -> Ablation:
    """Trains what is not trained yet of a grid, and compares its rows.

    Args:
        manifest: a corpus with ratings, or the path of its manifest; None: the demo corpus.
        grid: by name ("paper", "iemocap"), a TOML file, or as `read_grid` gave it.
        out: holds a run folder ROW/seed-K each, and the tables; the same call goes on where it was interrupted.
        preset, config, assignments: settings of all rows, see `load_settings`; what a row sets is laid over them.
        rows: these rows alone, in the grid's order.
        seeds: how many runs a row, with seeds 0, 1, ...
        folds: "session", "speaker" or "speaker:K"; None: as the grid says, else the corpus' splits.
        shard: (i, n): train only every n-th run from the i-th on; the last of n to finish makes the tables.
        store, device, allow_overlap, trust_remote_code, workers: see `train`.
    Raises:
        InputError: before anything is trained: see `read_grid`, `settings_of`, `train`; a row that cannot be made.
        OSError: the disk is full.
    """
    chosen = grid if isinstance(grid, Grid) else read_grid(str(grid))
    chosen = chosen.only(rows) if rows else chosen
    _check_numbers(chosen, seeds, shard)
    report = progress or silent
    corpus = manifest if isinstance(manifest, Manifest) else read_or_demo(manifest, report)
    folds = folds or chosen.folds
    settings = settings_of(chosen, preset, config, assignments)
    with consenting(Consent(remote_code=trust_remote_code, download=True, send=True)):
        for name, own in settings.items():
            _check(name, own, corpus, folds, allow_overlap)
    items = [
        Item(row, seed, _with_seed(settings[row.name], seed), RunFolder(Path(out) / row.name / f"seed-{seed}"))
        for row in chosen.row
        for seed in range(seeds)
    ]
    failures: dict[str, MsftkError] = {}
    shared, own_items = SharedInputs(), items[shard[0] - 1 :: shard[1]]
    for place, item in enumerate(own_items):
        try:
            train(
                corpus,
                item.settings,
                item.folder.path,
                store=store,
                folds=folds,
                device=device,
                allow_overlap=allow_overlap,
                trust_remote_code=trust_remote_code,
                progress=part_of(report, place, len(own_items), item.name),
                workers=workers,
                shared=shared,
            )
        except MsftkError as error:
            failures[item.name] = error
    if failures and len(failures) == len(own_items):  # most often settings of another time, or a full lock
        raise next(iter(failures.values()))
    finished = [item for item in items if item.folder.is_finished]
    waits = len(finished) + len(failures) < len(items)
    tables = {} if waits else _tables(chosen, corpus, finished, Path(out))
    return Ablation(Path(out), tables, len(items), len(finished), {name: str(one) for name, one in failures.items()})


def _check_numbers(grid: Grid, seeds: int, shard: tuple[int, int]) -> None:
    if seeds < 1:
        raise InputError(f"--seeds {seeds}: expected 1 or more.")
    part, parts = shard
    if not 1 <= part <= parts:
        raise InputError(f"--shard {part}/{parts}: expected i/n with i from 1 to n.")
    if parts > len(grid.row) * seeds:
        raise InputError(f"--shard {part}/{parts}: there are {len(grid.row) * seeds} runs. Use at most as many shards.")


def _check(row: str, settings: Settings, corpus: Manifest, folds: str | None, allow_overlap: bool) -> None:
    """Raises InputError for what the row's `train` would refuse."""
    try:
        whole = settings_on(corpus, settings)
        make_transforms(whole)
        check_parts(whole, corpus, splits_of(corpus, whole, folds, allow_overlap))
    except InputError as error:
        raise type(error)(f"row '{row}': {error}") from error


def _with_seed(settings: Settings, seed: int) -> Settings:
    return settings.model_copy(update={"training": settings.training.model_copy(update={"seed": seed})})


def _tables(grid: Grid, corpus: Manifest, finished: Sequence[Item], out: Path) -> dict[str, AblationTable]:
    """Makes and writes a table of every split that all runs keep and that is rated, what the grid was published on or
    else a test split first."""
    runs: dict[str, list[RunFolder]] = {}
    for item in finished:
        runs.setdefault(item.row.name, []).append(item.folder)
    kept = set.intersection(*(set(item.folder.kept_splits) for item in finished))
    source = grid.published
    first = source.split if source and source.corpus == corpus.corpus and source.split in kept else ""
    order = sorted(kept, key=lambda split: (split != first, not split.startswith("test"), split))
    tables = {}
    for split in order:
        table = make_table(grid, corpus, runs, split)
        if table is not None:
            write_table(table, out / f"table-{split}")
            tables[split] = table
    return tables
