"""Compares systems on one split: from the predictions that their runs keep, or from those of an ablation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msftk.errors import InputError, UnknownNameError, did_you_mean
from msftk.evaluation.bootstrap import DRAWS
from msftk.evaluation.comparison import Comparison, common, compare_predictions, rated_otherwise, refuse_different
from msftk.evaluation.predictions import Predictions
from msftk.evaluation.protocol import dev_chose
from msftk.recipes.systems import Systems, find_systems
from msftk.runs.folder import RunFolder
from msftk.types import Utterance

TO_FIRST = "the first"


def compare(
    runs: Sequence[str | Path] = (),
    split: str | None = None,
    *,
    systems: Mapping[str, Sequence[str | Path]] | None = None,
    intersection: bool = False,
    draws: int = DRAWS,
) -> Comparison:
    """Compares every system with the first: paired over speakers drawn anew and over the seeds of each.

    Args:
        runs: finished runs; those that differ in the seed alone are one system, and so is a folder of runs.
        split: whose kept predictions are scored; None: "test" or the first test split that all keep, else "dev".
        systems: name -> its runs, beside or instead of `runs`.
        intersection: compare on the utterances that all predicted, where these are not the same.
    Raises:
        InputError: fewer than two systems, an unfinished run, different utterances or ratings, nothing rated.
        UnknownNameError: a run keeps no predictions of that split.
    """
    found = find_systems(runs, systems)
    if len(found) < 2:
        kinds = "differ in the seed alone" if len(runs) > 1 else "are one"
        raise InputError(
            f"one system, expected two or more: these runs {kinds}. Name runs of another system too, "
            "or say which are which with --system NAME=RUN,RUN."
        )
    first, *others = found
    chosen = _split_of(found, split)
    pairs = {TO_FIRST: [(other, first) for other in others]}
    return compare_systems(found, chosen, pairs, _rated(found), intersection=intersection, draws=draws)


def compare_systems(
    systems: Systems,
    split: str,
    families: Mapping[str, Sequence[tuple[str, str]]],
    utterances: Sequence[Utterance],
    *,
    intersection: bool = False,
    draws: int = DRAWS,
) -> Comparison:
    """The same for systems that are known: see `compare_predictions`."""
    said = {name: [run.read_predictions(split) for run in own] for name, own in systems.items()}
    cards = [run.read_card() for own in systems.values() for run in own]
    n_all = len({one for own in said.values() for run in own for one in run.ids})
    if intersection:
        said = common(said)
    refuse_different(said)
    return compare_predictions(
        said,
        utterances,
        families,
        cluster_by=cards[0]["clusters"],
        draws=draws,
        facts=_facts(systems, split, cards, left_out=n_all - len(_first(said).ids)),
    )


def _first(said: Mapping[str, Sequence[Predictions]]) -> Predictions:
    return next(iter(said.values()))[0]


def _facts(systems: Systems, split: str, cards: Sequence[Mapping[str, Any]], left_out: int) -> dict[str, Any]:
    selects = split == "dev" and any(map(dev_chose, cards))
    return {
        "corpus": cards[0]["corpus"],
        "ratings": cards[0]["corpus_facts"].get("ratings", ""),
        "split": split,
        "role": "selected on" if selects else "held out",
        "runs": {name: [str(run.path) for run in own] for name, own in systems.items()},
        "left_out": left_out,
    }


def _split_of(systems: Systems, split: str | None) -> str:
    runs = [run for own in systems.values() for run in own]
    kept = set(runs[0].kept_splits).intersection(*(run.kept_splits for run in runs))
    if split is None:
        split = min((name for name in kept if name.startswith("test")), default="dev")
    for run in runs:
        if split not in run.kept_splits:
            raise UnknownNameError(
                f"{run.path}: no predictions of split '{split}'. {did_you_mean(split, run.kept_splits)}"
                f"Kept: {', '.join(run.kept_splits) or 'none'}. Kept by all: {', '.join(sorted(kept)) or 'none'}."
            )
    return split


def _rated(systems: Systems) -> list[Utterance]:
    """The utterances of all runs with their ratings. Raises InputError where two runs have other ratings of one."""
    runs: dict[str, RunFolder] = {}  # by the fingerprint of its data: equal data is read once
    for own in systems.values():
        for run in own:
            runs.setdefault(run.read_card()["manifest"], run)
    known: dict[str, Utterance] = {}
    first, *_ = runs.values()
    for run in runs.values():
        utterances = list(run.read_manifest().utterances)
        if differs := rated_otherwise(list(known.values()), utterances):
            raise InputError(
                f"{first.path} and {run.path} know other ratings of {differs}. Train both on one manifest, or score "
                "both on one: msftk evaluate RUN M.parquet."
            )
        known |= {u.id: u for u in utterances if u.id not in known}
    return list(known.values())
