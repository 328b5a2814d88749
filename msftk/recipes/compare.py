"""Compares systems on one split: from the predictions that their runs keep, or from those of an ablation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msftk.errors import InputError, UnknownNameError, did_you_mean
from msftk.evaluation.averages import mean_of_models
from msftk.evaluation.bootstrap import DRAWS
from msftk.evaluation.comparison import Comparison, common, compare_predictions, rated_otherwise, refuse_different
from msftk.evaluation.predictions import Predictions
from msftk.evaluation.protocol import dev_chose
from msftk.progress import ProgressCallback, silent
from msftk.recipes.systems import Compared, Kept, find_systems
from msftk.store.features import Store
from msftk.store.manifest import Manifest, read_manifest
from msftk.types import Utterance

TO_FIRST = "the first"


def compare(
    runs: Sequence[str | Path] = (),
    split: str | None = None,
    *,
    systems: Mapping[str, Sequence[str | Path]] | None = None,
    models: Sequence[str] = (),
    manifest: Manifest | str | Path | None = None,
    combine: bool = False,
    intersection: bool = False,
    draws: int = DRAWS,
    store: Store | str | Path | None = None,
    device: str = "auto",
    progress: ProgressCallback = silent,
    workers: int | None = None,
) -> Comparison:
    """Compares every system with the first: paired over speakers drawn anew and over the seeds of each.

    Args:
        runs: finished runs; those that differ in the seed alone are one system, and so is a folder of runs.
        split: whose kept predictions are scored; None: "test" or the first test split that all keep, else "dev".
        systems: name -> its runs, beside or instead of `runs`; a name out of `models` may stand among them.
        models: published models (see `load_model`), each a system, which predict the corpus now, into `store`.
        manifest: that corpus; None: the one that the first run was trained on.
        combine: what the runs of a system say together is what it says, their mean.
        intersection: compare on the utterances that all predicted, where these are not the same.
    Raises:
        InputError: fewer than two systems, an unfinished run, different utterances or ratings, nothing rated; models
            without a corpus.
        UnknownNameError: a run keeps no predictions of that split, or no such model.
    """
    found = _found(runs, systems or {}, models, manifest, (store, device, progress, workers))
    if len(found) < 2:
        kinds = "differ in the seed alone" if len(runs) > 1 else "are one"
        raise InputError(
            f"one system, expected two or more: these runs {kinds}. Name runs of another system too, "
            "or say which are which with --system NAME=RUN,RUN."
        )
    first, *others = found
    chosen = _split_of(found, split)
    pairs = {TO_FIRST: [(other, first) for other in others]}
    return compare_systems(found, chosen, pairs, _rated(found), combine=combine, intersection=intersection, draws=draws)


def _found(
    runs: Sequence[str | Path],
    named: Mapping[str, Sequence[str | Path]],
    models: Sequence[str],
    manifest: Manifest | str | Path | None,
    how: tuple[Store | str | Path | None, str, ProgressCallback, int | None],
) -> dict[str, list[Kept]]:
    """All systems: those of runs, then those that have a name, then each published model."""
    of_runs = {name: [one for one in own if str(one) not in models] for name, own in named.items()}
    trained = find_systems(runs, {name: own for name, own in of_runs.items() if own})
    found: dict[str, list[Kept]] = {name: list(own) for name, own in trained.items() if name not in named}
    found |= {name: list(trained.get(name, ())) for name in named}
    if not models:
        return found
    from msftk.recipes.published_on import PublishedOn  # loads torch

    corpus = manifest if manifest is None or isinstance(manifest, Manifest) else read_manifest(manifest)
    if corpus is None and not trained:
        raise InputError("published models alone, and no corpus: give the manifest that they shall predict.")
    corpus = corpus or next(iter(trained.values()))[0].read_manifest()
    said = {name: PublishedOn(name, corpus, *how) for name in models}
    for name, own in named.items():
        found[name] += [said[str(one)] for one in own if str(one) in said]
    if twice := next((name for name in said if name in found), None):
        raise InputError(f"{twice}: named twice. Give each system once.")
    return found | {name: [one] for name, one in said.items()}


def compare_systems(
    systems: Compared,
    split: str,
    families: Mapping[str, Sequence[tuple[str, str]]],
    utterances: Sequence[Utterance],
    *,
    combine: bool = False,
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
    if combine:
        said = {name: [mean_of_models(own)] for name, own in said.items()}
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


def _facts(systems: Compared, split: str, cards: Sequence[Mapping[str, Any]], left_out: int) -> dict[str, Any]:
    selects = split == "dev" and any(map(dev_chose, cards))
    return {
        "corpus": cards[0]["corpus"],
        "ratings": cards[0]["corpus_facts"].get("ratings", ""),
        "split": split,
        "role": "selected on" if selects else "held out",
        "runs": {name: [str(run.path) for run in own] for name, own in systems.items()},
        "left_out": left_out,
        "licences": {one["model"]["name"]: one["model"]["licence"] for one in cards if "model" in one},
    }


def _split_of(systems: Compared, split: str | None) -> str:
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


def _rated(systems: Compared) -> list[Utterance]:
    """The utterances of all runs with their ratings. Raises InputError where two runs have other ratings of one."""
    runs: dict[str, Kept] = {}  # by the fingerprint of its data: equal data is read once
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
