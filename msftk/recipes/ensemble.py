"""The models that predict together, most often one: utterances are prepared for each, and the mean is what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from msftk.errors import InputError, MsftkError
from msftk.evaluation.averages import mean_of_models
from msftk.evaluation.predictions import Predictions
from msftk.models.hearing import Hearing
from msftk.models.where import Where
from msftk.preparation.extract import Preparation
from msftk.preparation.prepared import Prepared
from msftk.progress import ProgressCallback, silent
from msftk.recipes.answered import Answered
from msftk.recipes.sources import Source
from msftk.runs.inputs import Inputs
from msftk.runs.model import Model
from msftk.runs.prediction import predict_utterances
from msftk.settings import Settings, Training, laid_over
from msftk.store.features import Store
from msftk.types import ATTRIBUTES, Alignment, Float32, RatingScale, Utterance

KEPT_BYTES = 2**29  # of sound in memory; what is more (a recording of hours, in windows) is read again
PREPARES_NOTHING = {"training": Training()}  # type: ignore[call-arg]


@dataclass(frozen=True)
class Ensemble:
    """Models whose mean, in units of the first one's rating scale, is predicted."""

    models: tuple[Model, ...]

    @property
    def scale(self) -> RatingScale:
        return self.models[0].scale

    @property
    def ratings(self) -> str:
        """What their corpora say of their ratings, e.g. that they are planted; or ""."""
        return "; ".join(dict.fromkeys(model.ratings for model in self.models if model.ratings))

    @property
    def alignment(self) -> Mapping[str, object]:
        """Options of alignment readers, as the first one was trained."""
        return self.models[0].settings.alignment

    def identity(self) -> list[object]:
        """Where their weights lie, and what tells that they are others now."""
        return [_files(model) for model in self.models]

    @property
    def seconds_kept(self) -> float | None:
        """How much sound the one that hears least has been trained to hear at once; None where none hears any."""
        heard = [one.settings.data.seconds_kept for one in self.models if one.network.acoustic.reads_sound]
        return min(heard, default=None)

    def preparations(
        self, store: Store, layer: Mapping[str, Mapping[str, object]] | None = None, workers: int | None = None
    ) -> tuple[Preparation, ...]:
        """What prepares utterances, one a model; models of the same settings share it. `layer`: what is otherwise than
        in the run's settings, see `laid_over`."""
        made: list[tuple[Settings, Preparation]] = []
        for model in self.models:
            settings = laid_over(model.settings.model_copy(update=PREPARES_NOTHING), layer or {})
            shared = next((one for known, one in made if known == settings), None)
            made.append((settings, shared or Preparation(settings, store, workers=workers)))
        return tuple(one for _, one in made)

    def predict(
        self,
        utterances: Sequence[Utterance],
        preparations: Sequence[Preparation],
        *,
        scale: RatingScale | None = None,
        clip: bool | None = None,
        by_sources: bool = False,
        hearing: Hearing | None = None,
        samples: Mapping[str, Float32] | None = None,
        alignments: Mapping[str, Alignment] | None = None,
        progress: ProgressCallback = silent,
    ) -> Answered:
        """Prepares utterances, and predicts those that every model can.

        Args:
            preparations: as the method made them.
            scale: that predictions come back on; None: the first model's.
            clip: cut predictions to the scale; None: as the settings of each run say.
            hearing: where all utterances are one recording, which is heard once.
            samples, alignments: see `Preparation.prepare`.
        Raises:
            MsftkError: what a model predicts is not finite.
        """
        said: list[Predictions] = []
        failures: dict[str, str] = {}
        read: dict[int, tuple[Prepared, Inputs]] = {}
        for model, preparation in zip(self.models, preparations, strict=True):
            if id(preparation) not in read:
                sharing = [one for one, other in zip(self.models, preparations, strict=True) if other is preparation]
                with_f0 = any(one.network.acoustic.needs_f0 for one in sharing)
                prepared = preparation.prepare(
                    utterances, with_f0=with_f0, samples=samples, alignments=alignments, progress=progress
                )
                data = model.settings.data
                inputs = Inputs(prepared, data.seconds_kept, KEPT_BYTES, exchanged=data.exchanged)
                read[id(preparation)] = prepared, inputs
            predictions, unreadable = predict_utterances(
                model.network,
                utterances,
                read[id(preparation)][1],
                scale=scale or self.scale,
                clip=model.settings.data.clip_predictions if clip is None else clip,
                by_sources=by_sources,
                hearing=hearing,
                where=model.where,
                progress=progress,
            )
            _check_finite(model, predictions)
            said.append(predictions)
            failures |= unreadable
        return Answered(mean_of_models(said), failures, tuple(prepared for prepared, _ in read.values()))


def load_ensemble(sources: Sequence[Source], where: Where) -> Ensemble:
    """The models of these sources, in evaluation mode. Raises as `Source.models` does."""
    if not sources:
        raise InputError("no run given. Name the folder that `msftk train --out` wrote, or a model by --model NAME.")
    return Ensemble(tuple(model for source in sources for model in source.models(where)))


def _files(model: Model) -> list[object]:
    stamps = ((file.name, file.stat()) for file in sorted(model.run.glob("*.safetensors")))
    return [str(model.run.absolute()), *((name, stat.st_size, stat.st_mtime_ns) for name, stat in stamps)]


def _check_finite(model: Model, predictions: Predictions) -> None:
    columns = next(iter(model.network.targets.values())).columns
    finite = np.isfinite(predictions.values[:, [ATTRIBUTES.index(column) for column in columns]]).all(axis=1)
    if not finite.all():
        broken = predictions.ids[int(np.argmin(finite))]
        remedy = "The run is broken: train again." if model.published is None else "Fetch it anew."
        raise MsftkError(f"{model.run}: what it predicts is not a finite number, first for {broken}. {remedy}")
