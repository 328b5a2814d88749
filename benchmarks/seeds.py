"""One system with several seeds, speakers left out: for the scripts beside this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from msftk.evaluation.predictions import Predictions
from msftk.recipes.train import train
from msftk.runs.folder import RunFolder
from msftk.settings import load_settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest


def mean_of_seeds(
    corpus: Manifest, flags: Mapping[str, Any], folder: Path, store: Store, seeds: int, folds: str
) -> Predictions:
    """Predictions of every utterance by models that did not hear its speaker, averaged; runs in folder/seed-N."""
    said = []
    for seed in range(seeds):
        run = folder / f"seed-{seed}"
        if not (run / "protocol.json").is_file():
            settings = load_settings("tiny", flags={**flags, "training.seed": seed})
            train(corpus, settings, run, store=store, folds=folds, device="cpu")
        said.append(RunFolder(run).read_predictions("test"))
    same = [one.of(said[0].ids) for one in said]
    return replace(
        same[0],
        values=np.mean([one.values for one in same], axis=0),
        contributions=np.mean([one.contributions for one in same], axis=0),
    )
