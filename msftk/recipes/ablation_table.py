"""The table of an ablation: what each row scores, and its differences to the baseline and to the row above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from msftk.evaluation.comparison import COLUMNS, Comparison, Difference
from msftk.files import json_text, without_nan, write_whole
from msftk.recipes.claims import claims, scope
from msftk.recipes.compare import compare_systems
from msftk.recipes.evaluate import evaluate
from msftk.recipes.grid import Grid, Row
from msftk.recipes.table_text import csv_text, latex, markdown
from msftk.runs.folder import RunFolder
from msftk.store.manifest import Manifest

BASELINE, ABOVE = "the baseline", "the row above"


@dataclass(frozen=True)
class AblationTable:
    """All numbers of a table, plain; what is written in other forms is rounded from these."""

    json: Mapping[str, Any]


def make_table(
    grid: Grid, corpus: Manifest, runs: Mapping[str, Sequence[RunFolder]], split: str
) -> AblationTable | None:
    """The table of the rows that have finished `runs`, over one split; None where nobody rated it."""
    rows = [row for row in grid.row if row.name in runs]
    said = set(runs[rows[0].name][0].read_predictions(split).ids)
    if not any(u.ratings for u in corpus.utterances if u.id in said):
        return None
    above = [(row.name, other) for row in rows[1:] if (other := grid.above(row)) and other in runs]
    families = {BASELINE: [(row.name, rows[0].name) for row in rows[1:]], ABOVE: above}
    systems = {row.name: list(runs[row.name]) for row in rows}
    # words without sound also know utterances whose audio cannot be read
    found = compare_systems(systems, split, families, corpus.utterances, intersection=True)
    is_published = grid.published is not None and (grid.published.corpus, grid.published.split) == (
        corpus.corpus,
        split,
    )
    shaped = {
        "about": grid.about,
        "corpus": corpus.corpus,
        "split": split,
        "role": found.facts["role"],
        "n": found.n,
        "over": found.over,
        "clusters": found.clusters,
        "draws": found.draws,
        "attributes": list(found.attributes),
        "sources": list(dict.fromkeys(source for row in rows for source in _card(runs[row.name])["sources"])),
        "published": grid.published.table if grid.published and is_published else None,
        "rows": [_row(row, found, runs[row.name], split, is_published) for row in rows],
        "cited": [{"name": one.name, "published": _by(one.published)} for one in grid.cited] if is_published else [],
        "claims": claims(found, ABOVE),
        "scope": scope(found),
    }
    return AblationTable(without_nan(shaped))


def write_table(table: AblationTable, place: Path) -> None:
    """PLACE.json, .md, .tex and .csv. Raises OSError where the disk is full."""
    made = {".json": json_text(table.json, indent=2) + "\n"}
    made |= {".md": markdown(table.json), ".tex": latex(table.json), ".csv": csv_text(table.json)}
    for ending, text in made.items():
        write_whole(place.with_name(place.name + ending), text)


def _card(runs: Sequence[RunFolder]) -> dict[str, Any]:
    return runs[0].read_card()


def _row(row: Row, found: Comparison, runs: Sequence[RunFolder], split: str, is_published: bool) -> dict[str, Any]:
    scores, card = found.systems[row.name], _card(runs)
    folds = [scored.mean for run in runs if (scored := evaluate(run.path, split=split).folds)] if card["folds"] else []
    by = {one.family: one for one in found.differences if one.system == row.name}
    return {
        "name": row.name,
        "part": row.part,
        "note": row.note,
        "sources": list(card["sources"]),
        "intra": card["settings"]["intra"]["name"] if "intra" in row.settings else None,
        "fusion": card["settings"]["fusion"]["name"],
        "adaptation": card["settings"]["adaptation"]["name"] if card["seconds_kept"] else None,
        "runs": len(runs),
        "ccc": {a: {"value": one.value, "low": one.low, "high": one.high} for a, one in scores.ccc.items()},
        "sd": dict(scores.sd),
        "each_run": [dict(run) for run in scores.runs],
        "mean_of_folds": {a: float(np.mean([mean[a] for mean in folds])) for a in COLUMNS} if folds else None,
        "over_baseline": _difference(by.get(BASELINE)),
        "over_above": _difference(by.get(ABOVE)),
        "published": _by(row.published) if is_published and row.published else None,
    }


def _difference(difference: Difference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    by = {a: {**asdict(one), "holm": difference.holm[a]} for a, one in difference.by.items()}
    return {"row": difference.other, "by": by}


def _by(published: Sequence[float]) -> dict[str, float]:
    return dict(zip(COLUMNS, published, strict=True))
