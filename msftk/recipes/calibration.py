"""Intervals around the predictions of finished runs, as wide as their errors on dev were."""

from __future__ import annotations

from collections.abc import Sequence

from msftk.errors import InputError
from msftk.evaluation.clusters import clusters_of
from msftk.evaluation.conformal import Conformal, calibrate
from msftk.recipes.kept import kept
from msftk.recipes.sources import Source, TrainedSource
from msftk.registry import registry

DEV = "dev"


def calibrated(asked: Sequence[Source], coverage: float) -> Conformal:
    """What the runs' kept predictions of dev tell of how far a rating lies from a prediction.

    Where dev also chose the epoch the intervals are a little too narrow: it fits dev better than what is new.

    Raises InputError for a published model or a run that keeps no predictions of dev, and as `calibrate`.
    """
    if not asked:
        raise InputError(
            "an exported model keeps no predictions of dev, and intervals are made of its errors there. "
            "Name the run that it was exported from, or leave out --interval."
        )
    runs = [one for one in asked if isinstance(one, TrainedSource)]
    for one in asked:
        if not isinstance(one, TrainedSource) or DEV not in one.folder.kept_splits:
            raise InputError(
                f"{one.name}: keeps no predictions of dev, and intervals are made of its errors there. "
                "Train with a dev split, or leave out --interval."
            )
    said = kept(runs, DEV)
    labels = clusters_of(said.utterances, said.cluster_by).labels
    return calibrate(said.predictions, said.utterances, labels, coverage, deviations(runs))


def deviations(runs: Sequence[TrainedSource]) -> tuple[str, ...]:
    """The outputs of their head that tell how far a rating may lie, where all have the same head."""
    heads = {run.folder.read_settings().head.name for run in runs}
    if len(heads) > 1:
        return ()
    outputs = registry().get("head", heads.pop()).load().outputs
    return tuple(name for name, one in outputs.items() if one.scale == "deviation")
