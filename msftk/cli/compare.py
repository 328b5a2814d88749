"""`msftk compare`: whether one system scores higher than another, and what may be claimed of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msftk.cli.console import bar, err, number_table, out, print_apart, print_json
from msftk.cli.options import Combine, Device, Json, PublishedModel, Store, Workers, check_combine
from msftk.errors import InputError
from msftk.recipes.wording import SCORES, fixed, interval, mean_and_spread, p_text

if TYPE_CHECKING:
    from msftk.evaluation.comparison import Comparison, Difference
    from msftk.evaluation.paired_targets import TargetDifference


def compare(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RUN RUN... [M.parquet]",
            help="Finished runs, or folders of one system's runs; last the corpus of --model.",
        ),
    ] = None,
    systems: Annotated[
        list[str] | None, typer.Option("--system", metavar="NAME=RUN,RUN", help="A system and its runs. Repeatable.")
    ] = None,
    models: PublishedModel = None,
    combine: Combine = None,
    split: Annotated[str | None, typer.Option("--split", help="dev, test1 ... (default: a test split).")] = None,
    intersection: Annotated[
        bool, typer.Option("--intersection", help="Compare on the utterances that all runs predicted.")
    ] = False,
    draws: Annotated[int, typer.Option("--draws", min=100, help="How often speakers are drawn anew.")] = 10_000,
    device: Device = "auto",
    store: Store = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Compare systems with the first one: differences of CCC with intervals and p, over speakers and seeds.

    Runs that differ in the seed alone are one system; a published model is one, and predicts the corpus of the first
    run (or M.parquet) now. With --combine mean the runs of a system, and models named among them, say their mean.

    Example: msftk compare runs/quickstart runs/film --split test1
    Example: msftk compare runs/quickstart --model msp-lab --system both=runs/quickstart,msp-lab --combine mean
    """
    from msftk.recipes.claims import claims, scope
    from msftk.recipes.compare import TO_FIRST
    from msftk.recipes.compare import compare as compare_runs

    places, manifest = list(runs or ()), None
    if models and places and places[-1].is_file():
        manifest = places.pop()
    if combine:
        check_combine(combine, ())
    with bar() as progress:
        found = compare_runs(
            places,
            split,
            systems=_named(systems or ()),
            models=models or (),
            manifest=manifest,
            combine=bool(combine),
            intersection=intersection,
            draws=draws,
            store=store,
            device=device,
            progress=progress,
            workers=workers,
        )
    for name, licence in found.facts["licences"].items():
        err.print(f"licence of {name}: {licence}", style="yellow", soft_wrap=True)
    if json:
        print_json({**found.json(), "claims": claims(found, TO_FIRST), "scope": scope(found)})
        return
    print_scores(found)
    print_targets(found)
    print_differences(found)
    out.print()
    for sentence in (*claims(found, TO_FIRST), *scope(found)):
        out.print(sentence, soft_wrap=True)


def _named(systems: list[str] | tuple[str, ...]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for one in systems:
        name, equals, places = one.partition("=")
        own = [place for place in places.split(",") if place]
        if not equals or not name or not own:
            raise InputError(f"--system {one}: expected NAME=RUN,RUN, e.g. film=runs/film-0,runs/film-1.")
        if name in named:
            raise InputError(f"--system {one}: {name} is named twice. Give each system once.")
        named[name] = own
    return named


def print_scores(found: Comparison) -> None:
    """Each system's CCC: mean over its runs ± their spread, and the 95 % interval of the mean."""
    table = number_table(
        "CCC, mean ± sd of runs [95 %]",
        "runs",
        *found.attributes,
        title=f"{found.facts['split']} ({found.facts['role']})",
    )
    for name, own in found.systems.items():
        cells = []
        for attribute in found.attributes:
            one, sd = own.ccc[attribute], own.sd[attribute]
            spread = f" ± {fixed(sd, 3)}" if len(own.runs) > 1 else ""
            cells.append(f"{fixed(one.value, 3)}{spread} {interval((one.low, one.high), 3)}".rstrip())
        table.add_row(name, str(len(own.runs)), *cells)
    out.print(table)


def print_targets(found: Comparison) -> None:
    """Scores of what systems predict beside the ratings, nothing where none does: mean of the runs ± their spread, with
    its 95 % interval where it is tested."""
    for target in dict.fromkeys(target for own in found.systems.values() for target in own.targets):
        systems = {name: own.targets[target] for name, own in found.systems.items() if target in own.targets}
        scores = list(next(iter(systems.values())))
        table = number_table(f"{target}, mean ± sd of runs [95 %]", *(SCORES.get(score, score) for score in scores))
        for name, own in systems.items():
            tested = found.systems[name].targets_mean.get(target, {})
            reach = {score: interval((one.low, one.high), 3) for score, one in tested.items()}
            cells = (f"{mean_and_spread(own[score])} {reach.get(score, '')}".rstrip() for score in scores)
            table.add_row(name, *cells)
        print_apart(table)


def print_differences(found: Comparison) -> None:
    """What each system scores more than another, with 95 % interval and p: in CCC, then in each target beside it."""
    table = number_table("difference [95 %] (p after Holm)", *found.attributes)
    for one in found.differences:
        table.add_row(_pair(one), *_cells(one, found.attributes))
    print_apart(table)
    for target in dict.fromkeys(target for one in found.differences for target in one.targets):
        told = {_pair(one): one.targets[target] for one in found.differences if target in one.targets}
        scores = list(next(iter(told.values())).by)
        table = number_table(f"difference in {target}", *(SCORES.get(score, score) for score in scores))
        for pair, own in told.items():
            table.add_row(pair, *_cells(own, scores))
        print_apart(table)


def _pair(difference: Difference) -> str:
    return f"{difference.system} over {difference.other}"


def _cells(difference: Difference | TargetDifference, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        one, p = difference.by[name], difference.holm[name]
        chance = f" ({p_text(p).removeprefix('= ')})" if p == p else ""
        yield f"{fixed(one.value, 3, signed=True)} {interval((one.low, one.high), 3)}".rstrip() + chance
