"""Every number that the page of a run shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from msftk.errors import InputError
from msftk.evaluation.conformal import coverage_of, spread_of
from msftk.evaluation.distributions import LEVELS, quantiles_of, routing_distributions, spread_beside_ratings
from msftk.evaluation.predictions import Predictions
from msftk.evaluation.residuals import (
    error_by_deviation,
    error_of_the_surest,
    residuals_by_slice,
    slicings,
    worst_rows,
)
from msftk.evaluation.scores import ratings_of
from msftk.files import without_nan
from msftk.recipes.calibration import DEV, calibrated, deviations
from msftk.recipes.emphasis import Recording
from msftk.recipes.evaluate import evaluate
from msftk.recipes.sources import TrainedSource
from msftk.recipes.stressed import beside_rating, recording_of, words_of
from msftk.recipes.wording import notes
from msftk.runs.folder import RunFolder
from msftk.settings import Settings
from msftk.store.features import Store
from msftk.types import ATTRIBUTES, Float64, Utterance

N_WORST = 10
N_STRESSED = 3  # utterances whose stressed words are drawn
ASKED = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)  # how often bounds are to hold a rating


class ReportNumbers:
    """What a finished run has to tell of the split `main`: the first test split whose utterances are rated, else dev.

    Raises InputError for an unfinished run, or one whose predictions are of nothing rated.
    """

    def __init__(self, run: RunFolder, store: Store) -> None:
        self.run, self.store = run, store
        self.card, manifest = run.read_card(), run.read_manifest()
        self.corpus, self.facts, self.scale = manifest.corpus, manifest.facts, manifest.scale
        by_id = {u.id: u for u in manifest.utterances}
        kept = {name: run.read_predictions(name) for name in run.kept_splits}
        self.rated = [name for name, one in kept.items() if any(by_id[i].ratings for i in one.ids if i in by_id)]
        if not self.rated:
            raise InputError(f"{run.path}: no predictions of rated utterances, nothing to report. Train with ratings.")
        self.main = next((name for name in self.rated if name.startswith("test")), self.rated[0])
        self.predictions: Predictions = kept[self.main].of([one for one in kept[self.main].ids if one in by_id])
        self.utterances: list[Utterance] = [by_id[one] for one in self.predictions.ids]
        self.truth: Float64 = ratings_of(self.utterances)
        self.settings: Settings = run.read_settings()

    def json(self) -> dict[str, Any]:
        """Plain values, undefined ones null; `splits` holds what `evaluate` says of each split, of `main` in slices.

        Quantiles are at `levels`; what is no CCC or share is on the corpus scale.
        """
        said, truth = self.predictions, self.truth
        by = slicings(self.utterances)
        evaluations = {name: evaluate(self.run.path, split=name, by=by * (name == self.main)) for name in self.rated}
        splits = {name: {**one.json(), "role": one.role} for name, one in evaluations.items()}
        main = evaluations[self.main]
        metrics = {name: folder.read_metrics() for name, folder in {"": self.run, **self.run.folds}.items()}
        numbers: dict[str, Any] = {
            "title": _title(self.card, self.corpus),
            "warning": self.facts.get("ratings", ""),
            "scale": [self.scale.low, self.scale.high],
            "main": self.main,
            "attributes": list(main.attributes),
            "levels": list(LEVELS),
            "splits": splits,
            "notes": notes(splits),
            "note_on_shares": main.experts.note(main.attributes),
            "residuals": residuals_by_slice(said.values, truth, self.utterances),
            "spread": spread_beside_ratings(said.values, truth),
            "deviations": self._deviations(),
            "intervals": self._intervals(),
            "experts": list(said.expert_names),
            "routing": routing_distributions(said),
            "gates": {source: quantiles_of(shares) for source, shares in said.gates.items()},
            "training": {name: lines for name, lines in metrics.items() if lines},
            "worst": [self._worst(row, error) for row, error in worst_rows(said.values, truth, N_WORST)],
            "card": self.card,
        }
        plain: dict[str, Any] = without_nan(numbers)
        return plain

    def stressed(self) -> list[tuple[dict[str, Any], Recording]]:
        """The first utterances whose stressed words are known: words, ratings, predictions, and what was found."""
        return list(islice(self._stressed(), N_STRESSED))

    def _stressed(self) -> Iterator[tuple[dict[str, Any], Recording]]:
        for row, one in enumerate(self.utterances):
            recording = recording_of(one, self.settings, self.store)
            if recording is not None:
                yield without_nan(self._told(row, recording)), recording

    def _worst(self, row: int, error: float) -> dict[str, Any]:
        return {**self._told(row, recording_of(self.utterances[row], self.settings, self.store)), "error": error}

    def _told(self, row: int, recording: Recording | None) -> dict[str, Any]:
        utterance = self.utterances[row]
        rated = beside_rating(utterance, self.predictions, row)
        return {"id": utterance.id, "words": words_of(utterance, recording), **rated}

    def _deviations(self) -> dict[str, Any]:
        """Where the head tells how far a rating may lie: whether it does, and the error of the surest."""
        names = deviations([TrainedSource(self.run)])
        if not names or not set(names) <= set(self.predictions.extra):
            return {}
        told, far = spread_of(self.predictions, names), self.predictions.values - self.truth
        columns = [(c, a) for c, a in enumerate(ATTRIBUTES) if not np.isnan(far[:, c]).all()]
        return {
            "outputs": list(names),
            "calibration": {a: error_by_deviation(told[:, c], far[:, c]) for c, a in columns},
            "rejection": {a: error_of_the_surest(told[:, c], far[:, c]) for c, a in columns},
        }

    def _intervals(self) -> dict[str, Any]:
        """How often bounds that are made of errors on dev hold the ratings of another split."""
        if self.main == DEV or DEV not in self.rated:
            return {"levels": [], "why": "bounds are made of errors on dev, and only one split is kept here"}
        levels, why = [], ""
        for asked in ASKED:
            try:
                bounds = calibrated([TrainedSource(self.run)], asked)
            except InputError as error:
                why = str(error)
                break
            levels.append({"asked": asked, **coverage_of(bounds.of(self.predictions), self.truth)})
        return {"levels": levels, "why": why}


def _title(card: Mapping[str, Any], corpus: str) -> str:
    """Fusion and corpus, and how much of the encoder learned, where that was not all; of a published model its name."""
    if "model" in card:
        return f"{card['model']['name']} on {corpus}"
    settings = card["settings"]
    adaptation = settings.get("adaptation", {}).get("name", "full")
    learned = "" if adaptation == "full" else f", encoder {adaptation}"
    return f"{settings['fusion']['name']} on {corpus}{learned}"
