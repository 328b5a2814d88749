"""What finished runs said of a split when they were trained, and keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msftk.errors import InputError, UnknownNameError, did_you_mean
from msftk.evaluation.averages import mean_of_models
from msftk.evaluation.protocol import dev_chose
from msftk.recipes.scored import Said
from msftk.recipes.sources import HELD_OUT, SELECTED_ON, Source, TrainedSource
from msftk.runs.folder import RunFolder


def kept(trained: Sequence[TrainedSource], split: str) -> Said:
    """Predictions that runs of the same data keep of a split, of several runs their mean.

    Raises:
        InputError: runs of different data, or one that keeps nothing.
        UnknownNameError: no such split was kept.
    """
    runs = [one.folder for one in trained]
    run, card = runs[0], trained[0].card
    for other, its in zip(runs, (one.card for one in trained), strict=True):
        _check_kept(other, split)
        if (its["manifest"], its["folds"]) != (card["manifest"], card["folds"]):
            raise InputError(
                f"{run.path} and {other.path} were trained on different data, so they keep predictions of different "
                f"utterances. Give a manifest: msftk evaluate {run.path} {other.path} M.parquet --combine mean."
            )
    own = run.read_manifest()
    fold_names = (card["folds"] or {}).get("names", ())
    tested = {
        name: [u.id for u in run.fold(name).read_manifest().utterances if u.split == split] for name in fold_names
    }
    chose = split == "dev" and any(dev_chose(one.card) for one in trained)
    return Said(
        mean_of_models([other.read_predictions(split) for other in runs]),
        list(own.utterances) if tested else own.split(split),
        card["clusters"],
        {"sources": card["missing"].get(split, {})},
        {**combined(trained), "split": split, "role": SELECTED_ON if chose else HELD_OUT},
        tested,
    )


def _check_kept(run: RunFolder, split: str) -> None:
    known = run.kept_splits
    if not known:
        raise InputError(
            f"{run.path}: keeps no predictions, since all of its data trained it. To score it give another corpus: "
            f"msftk evaluate {run.path} M.parquet --split {split}."
        )
    if split not in known:
        raise UnknownNameError(
            f"{run.path}: no predictions of split '{split}'. {did_you_mean(split, known)}"
            f"Kept: {', '.join(known)}. "
            f"To score another split give a manifest: msftk evaluate {run.path} {run.manifest_file} --split {split}."
        )


def combined(asked: Sequence[Source]) -> dict[str, Any]:
    """The card of the first, and whose mean the predictions are where there are several; licences are those of all."""
    card = asked[0].card
    licences = {one.name: one.card["model"]["licence"] for one in asked if "model" in one.card}
    several = {"mean_of": [one.name for one in asked]} if len(asked) > 1 else {}
    return {**card, **several, **({"licences": licences} if licences else {})}
