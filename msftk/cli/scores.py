"""How scores are printed: CCC with intervals, the figures beside it, experts' shares, and what was missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.table import Table

from msftk.cli.console import out
from msftk.types import ATTRIBUTES

if TYPE_CHECKING:
    from msftk.recipes.evaluate import Evaluation

ROWS = (*ATTRIBUTES, "mean")


def print_ccc(evaluations: Mapping[str, Evaluation]) -> None:
    """One column a split: CCC with its 95 % interval, and whether the split selected the model."""
    columns: dict[str, list[str]] = {}
    for split, scored in evaluations.items():
        columns[f"{split} ({scored.role})"] = [
            f"{number(scored.ccc[row])} {_interval(scored.ci95[row])}" for row in ROWS
        ] + [str(scored.n)]
        if scored.folds:
            columns[f"mean ± sd of {len(scored.folds.ccc)} folds"] = [
                f"{number(scored.folds.mean[row])} ± {number(scored.folds.spread[row])}" for row in ROWS
            ] + [""]
    table = Table("CCC \\[95 %]", *columns, box=None, header_style="bold")
    for place, row in enumerate((*ROWS, "utterances")):
        table.add_row(row, *(cells[place] for cells in columns.values()))
    out.print(table)
    for split, scored in evaluations.items():
        for note in notes(split, scored):
            out.print(f"  {note}", style="dim", markup=False, soft_wrap=True)


def print_figures(scored: Evaluation) -> None:
    """Pearson, bias, scale ratio, RMSE, CCC within category, and a person, by attribute."""
    labels = {
        "pearson": "Pearson r",
        "bias": "bias",
        "scale_ratio": "scale ratio",
        "rmse": "RMSE",
        "ccc_within_category": "CCC within category",
        "person": "one person (CCC)",
    }
    table = Table("", *ATTRIBUTES, box=None, header_style="bold")
    for name, label in labels.items():
        table.add_row(label, *(number(scored.scores[name][a]) for a in ATTRIBUTES))
    out.print(table)


def print_experts(scored: Evaluation, heading: str = "") -> None:
    """Each expert's share of the prediction's variance and the CCC lost without it; nothing where one stands alone."""
    names = list(next(iter(scored.experts.share.values())))
    if len(names) < 2:
        return
    if heading:
        out.print(heading)
    table = Table("share of variance (CCC lost without)", *ATTRIBUTES, box=None, header_style="bold")
    for name in names:
        table.add_row(
            name,
            *(
                f"{_percent(scored.experts.share[a][name])} ({number(scored.experts.ccc_loss_without[a][name])})"
                for a in ATTRIBUTES
            ),
        )
    out.print(table)


def print_by_sources(scored: Evaluation) -> None:
    """CCC with only some semantic sources switched on in prediction; nothing where the run reads none."""
    if not scored.by_sources:
        return
    table = Table("CCC with only these sources", *ROWS, box=None, header_style="bold")
    for sources, ccc in scored.by_sources.items():
        table.add_row(sources, *(number(ccc[row]) for row in ROWS))
    out.print(table)


def notes(split: str, scored: Evaluation) -> list[str]:
    """What a reader must know beside the numbers of one split."""
    bootstrap = scored.protocol["bootstrap"]
    found = []
    if bootstrap["descriptive"]:
        found.append(
            f"{split}: {bootstrap['clusters']} {bootstrap['over']}s, so the interval is descriptive: "
            f"it describes these {bootstrap['over']}s and promises nothing about others"
        )
    if bootstrap["unknown"]:
        found.append(f"{split}: {len(bootstrap['unknown'])} without {bootstrap['over']}, each its own cluster")
    if scored.missing["utterances"]:
        found.append(f"{split}: {scored.missing['utterances']} without prediction")
    for attribute, n in scored.missing["ratings"].items():
        if n:
            found.append(f"{split}: {n} without rated {attribute}")
    for source, reasons in scored.missing["sources"].items():
        found += [f"{split}: {source} absent in {n} ({reason})" for reason, n in reasons.items()]
    return found


def ratings_warning(scored: Evaluation) -> str:
    """The corpus' own warning about its ratings, e.g. "planted on synthetic speech", or ""."""
    evaluated = scored.protocol.get("evaluated_on", scored.protocol)
    return str(evaluated["corpus_facts"].get("ratings", ""))


def number(value: float) -> str:
    """Two places, or a dash where it is undefined."""
    return "–" if math.isnan(value) else f"{value:.2f}"


def _interval(bounds: tuple[float, float]) -> str:
    return "" if math.isnan(bounds[0]) else f"\\[{bounds[0]:.2f}, {bounds[1]:.2f}]"


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.0f} %"
