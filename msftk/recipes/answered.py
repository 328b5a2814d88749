"""What models answered of utterances, and what was prepared for them; and what may answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msftk.evaluation.predictions import Predictions
from msftk.preparation.extract import Preparation
from msftk.preparation.prepared import Prepared
from msftk.progress import ProgressCallback
from msftk.recipes.published_notes import MayBePublished
from msftk.store.features import Store
from msftk.types import Alignment, Float32, RatingScale, Utterance


@dataclass(frozen=True)
class Answered:
    """The predictions, id -> message of who failed, and what was prepared for models of the same settings.

    `left_out`: source -> why it is made of no recording at all.
    """

    predictions: Predictions
    failures: dict[str, str]
    prepared: tuple[Prepared, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def warnings(self) -> dict[str, str]:
        """Id -> where something was there and could not be used."""
        return {name: message for one in self.prepared for name, message in one.warnings.items()}

    @property
    def absent(self) -> dict[str, dict[str, int]]:
        """Source -> reason -> how many utterances lacked it."""
        return {source: dict(reasons) for one in self.prepared for source, reasons in one.absent.items()}

    def absent_in(self, recordings: Sequence[Sequence[Utterance]]) -> dict[str, dict[str, int]]:
        """Source -> reason -> how many recordings lacked it somewhere; each is given as the utterances it is of."""
        whole = [own[0] for own in recordings if len(own) == 1]
        counts: dict[str, dict[str, int]] = {}
        for one in self.prepared:
            own = {source: dict(reasons) for source, reasons in one.missing(whole).items()}
            for windows in (own for own in recordings if len(own) > 1):
                for source, reasons in one.missing(windows).items():
                    for reason in reasons:
                        own[source][reason] = own[source].get(reason, 0) + 1
            counts |= own
        return counts | {source: {why: len(recordings)} for source, why in self.left_out.items()}


class Predicts(Protocol):
    """Models that predict together (`Ensemble`), or one that was exported (`ExportedModel`), known by its card.

    `identity` tells whether others predict now.
    """

    @property
    def models(self) -> Sequence[MayBePublished]: ...
    @property
    def scale(self) -> RatingScale: ...
    @property
    def ratings(self) -> str: ...
    @property
    def alignment(self) -> Mapping[str, object]: ...
    @property
    def seconds_kept(self) -> float | None: ...
    def identity(self) -> list[object]: ...
    def preparations(
        self, store: Store, layer: Mapping[str, Mapping[str, object]] | None = None, workers: int | None = None
    ) -> tuple[Preparation, ...]: ...
    def predict(
        self,
        utterances: Sequence[Utterance],
        preparations: Sequence[Preparation],
        *,
        clip: bool | None = None,
        samples: Mapping[str, Float32] | None = None,
        alignments: Mapping[str, Alignment] | None = None,
        progress: ProgressCallback = ...,
    ) -> Answered: ...
