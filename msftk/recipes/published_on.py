"""What a published model says of a corpus, read as a finished run of that corpus is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from msftk.consent import Consent, consenting
from msftk.errors import InputError
from msftk.evaluation.predictions import Predictions
from msftk.models.threads import threads_for
from msftk.models.where import choose_where
from msftk.progress import ProgressCallback, silent
from msftk.recipes.answered import Answered
from msftk.recipes.ensemble import Ensemble
from msftk.recipes.sources import SELECTED_ON, PublishedSource, published_of
from msftk.runs.begin import manifest_fingerprint
from msftk.runs.model import Model
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import Manifest

TRAIN = "train"


@dataclass(frozen=True)
class PublishedOn:
    """A published model on a corpus: it says of every split but train what it predicts, on the scale of the corpus.

    A split is predicted when it is first asked for. Raises as `find_published`; InputError for a corpus without
    another split.
    """

    name: str
    corpus: Manifest
    store: Store | str | Path | None = None
    device: str = "auto"
    progress: ProgressCallback = silent
    workers: int | None = None
    _answers: dict[str, Answered] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.kept_splits:
            raise InputError(
                "no split but train in this corpus: nothing would be kept. Name splits when you prepare it."
            )

    @property
    def path(self) -> Path:
        """Its name, which stands where a run has its folder."""
        return Path(self.name)

    @property
    def kept_splits(self) -> Sequence[str]:
        """Splits that it predicts."""
        return [split for split in self.corpus.splits if split != TRAIN]

    @cached_property
    def model(self) -> Model:
        with consenting(Consent(download=True)):
            (model,) = self._source.models(choose_where(self.device))
        return model

    @property
    def licence(self) -> str:
        return published_of(self.model).licence

    def answered(self, split: str, progress: ProgressCallback | None = None) -> Answered:
        """What it predicts of a split, and who failed."""
        if split not in self._answers:
            ensemble = Ensemble((self.model,))
            place = self.store if isinstance(self.store, Store) else Store(default_store_path(self.store))
            preparations = ensemble.preparations(place, workers=self.workers)
            with threads_for(self.model.network):
                self._answers[split] = ensemble.predict(
                    self.corpus.split(split),
                    preparations,
                    scale=self.corpus.scale,
                    by_sources=True,
                    progress=progress or self.progress,
                )
        return self._answers[split]

    def read_predictions(self, split: str) -> Predictions:
        return self.answered(split).predictions

    def read_manifest(self) -> Manifest:
        return self.corpus

    def read_card(self) -> dict[str, Any]:
        """The card that a run of it on this corpus has."""
        source, corpus, facts, splits = self._source, self.corpus, dict(self.corpus.facts), self.kept_splits
        seen_dev = "dev" in splits and source.role(corpus, corpus.split("dev")) == SELECTED_ON
        return {
            **source.card,
            "corpus": corpus.corpus,
            "corpus_facts": facts,
            "manifest": manifest_fingerprint(corpus),
            "scale": [corpus.scale.low, corpus.scale.high],
            "clusters": facts.get("clusters") or "speaker",
            "speaker_overlap_allowed": False,
            "sources": {},
            "producers": {},
            "selection": {"by": "its publisher", "on_dev": seen_dev, "epoch": None},
            "missing": {split: {} for split in splits},
            "acoustic_identity": source.card["model"]["weights"],
            "device": str(self.model.where.device),
        }

    @cached_property
    def _source(self) -> PublishedSource:
        return PublishedSource(self.name)
