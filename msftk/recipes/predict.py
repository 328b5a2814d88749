"""Predicts valence, arousal and dominance of recordings: files, folders or a manifest, with a trained run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, overload

import numpy as np

from msftk.consent import NOTHING, Consent, consenting
from msftk.errors import InputError, MsftkError
from msftk.evaluation.predictions import Predictions
from msftk.models.where import choose_where
from msftk.preparation.extract import Preparation
from msftk.preparation.prepared import Prepared
from msftk.progress import ProgressCallback, silent
from msftk.recipes.prediction_table import other_columns, table_columns
from msftk.recipes.recordings import Input, Recordings, collect
from msftk.recipes.wording import sound_notes
from msftk.runs.model import Model, load_model
from msftk.runs.prediction import predict_utterances
from msftk.settings import check_settings
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import Manifest
from msftk.types import ATTRIBUTES, SAMPLE_RATE_HZ, Float32, RatingScale, Utterance


@dataclass(frozen=True)
class Prediction:
    """V/A/D of one utterance, by attribute name, on the scale of the corpus that the run was trained on.

    `others`: what the run's other targets say, by the name of its column.
    """

    id: str
    values: dict[str, float]
    others: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class PredictResult(Sequence[Prediction]):
    """Predictions in input order, a sequence. `failures`: id -> message; `absent`: source -> reason -> how many lacked
    it; `notes`: what else a reader must know, each said once with how many recordings it holds for.

    `warning` is what the corpus that the run was trained on says of its ratings, e.g. that they are planted; or "".
    """

    predictions: Predictions
    failures: dict[str, str]
    absent: dict[str, dict[str, int]]
    warning: str
    notes: tuple[str, ...] = ()

    @cached_property
    def _all(self) -> tuple[Prediction, ...]:
        others = other_columns(self.predictions)
        rows = enumerate(zip(self.predictions.ids, self.predictions.values.tolist(), strict=True))
        return tuple(
            Prediction(name, dict(zip(ATTRIBUTES, row, strict=True)), {k: own[place] for k, own in others.items()})
            for place, (name, row) in rows
        )

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Prediction, ...]: ...
    def __getitem__(self, place: int | slice) -> Prediction | tuple[Prediction, ...]:
        return self._all[place]

    def __len__(self) -> int:
        return len(self.predictions.ids)

    def to_pandas(self) -> Any:
        """A pandas DataFrame with the columns of `msftk predict --out`. InputError where pandas is missing."""
        return _frame("pandas")(table_columns(self.predictions))

    def to_polars(self) -> Any:
        """A polars DataFrame with the columns of `msftk predict --out`. InputError where polars is missing."""
        return _frame("polars")(table_columns(self.predictions))


def _frame(package: str) -> Any:
    try:
        return import_module(package).DataFrame
    except ImportError as error:
        raise InputError(f"{package} is not installed. Install it with: pip install {package}.") from error


class Run:
    """A trained run in memory: `load(folder).predict([...])`; what prepares recordings is built once."""

    def __init__(self, model: Model, consent: Consent = NOTHING) -> None:
        self.model = model
        self._consent = consent
        self._prepares: tuple[object, Preparation] | None = None  # of the last store and options

    def predict(
        self,
        inputs: Input | Iterable[Input] | Manifest,
        *,
        store: str | Path | Store | None = None,
        alignment: Mapping[str, object] | None = None,
        clip: bool | None = None,
        progress: ProgressCallback | None = None,
        workers: int | None = None,
    ) -> PredictResult:
        """Predicts audio files, folders of them, manifests, utterances, and sound in memory.

        Audio alone works; what lies beside it is used too (see `utterance_of`). Sound in memory is a pair (samples [n]
        or [n, channels], rate in Hz), the bytes of an audio file, or a file object of them.

        Args:
            store: a folder, a store (`msftk.store.memory.MemoryStore()` touches no disk), or None: MSFTK_STORE, else
                the user's cache folder.
            alignment: options of alignment readers beside the run's, e.g. {"phone_tier": "phone"}.
            clip: cut predictions to the rating scale; None: as the run's settings say.
        Raises:
            InputError: an input that is not there, or a single recording that cannot be read. Among many, a bad one
                stands in `failures`.
        """
        model = self.model
        options = {**model.settings.alignment, **(alignment or {})}
        recordings = collect(inputs, options)
        if not len(recordings):
            raise InputError("nothing to predict. Name audio files, a folder of them, or a manifest (.parquet).")
        predictions, unreadable, prepared = predict_anew(
            model,
            recordings.utterances,
            self._preparation(store, options, workers),
            scale=model.scale,
            clip=clip,
            samples=recordings.samples,
            progress=progress or silent,
        )
        failures = {**recordings.failures, **prepared.failures, **unreadable}
        if len(recordings) == 1 and failures:
            raise InputError(next(iter(failures.values())))
        absent = {source: dict(reasons) for source, reasons in prepared.absent.items() if reasons}
        notes = _notes(recordings, prepared, model.settings.data.seconds_kept)
        return PredictResult(predictions, failures, absent, model.ratings, notes)

    def _preparation(
        self, store: str | Path | Store | None, alignment: Mapping[str, object], workers: int | None
    ) -> Preparation:
        """The one of this store and these options: kept for the next call, which mostly has the same."""
        place = store if isinstance(store, Store) else default_store_path(None if store is None else Path(store))
        key = (place, tuple(sorted(alignment.items())), workers)
        kept = self._prepares
        if kept is None or kept[0] != key:
            settings = check_settings({**self.model.settings.model_dump(), "alignment": dict(alignment)}, sections=())
            opened = place if isinstance(place, Store) else Store(place)
            with consenting(self._consent):
                kept = self._prepares = key, Preparation(settings, opened, workers=workers)
        return kept[1]


def _notes(recordings: Recordings, prepared: Prepared, seconds_kept: float) -> tuple[str, ...]:
    """What holds for some of the recordings: longer than what is heard, or something there that cannot be used."""
    lengths_s = [u.duration_s or 0.0 for u in recordings.utterances]
    lengths_s += [len(samples) / SAMPLE_RATE_HZ for samples in recordings.samples.values()]
    troubles = (*recordings.warnings.items(), *prepared.warnings.items())
    return tuple(sound_notes(lengths_s, troubles, seconds_kept))


def predict_anew(
    model: Model,
    utterances: Sequence[Utterance],
    preparation: Preparation,
    *,
    scale: RatingScale,
    clip: bool | None = None,
    by_sources: bool = False,
    samples: Mapping[str, Float32] | None = None,
    progress: ProgressCallback = silent,
) -> tuple[Predictions, dict[str, str], Prepared]:
    """Prepares utterances and predicts them on `scale`; who failed, and what was prepared.

    `preparation` is made of the run's settings. `clip` None: as these say. `samples`: see
    `Preparation.prepare`. Raises MsftkError for what is not finite.
    """
    settings = model.settings
    prepared = preparation.prepare(
        utterances, with_f0=model.network.acoustic.needs_f0, samples=samples, progress=progress
    )
    predictions, unreadable = predict_utterances(
        model.network,
        utterances,
        prepared,
        scale=scale,
        seconds_kept=settings.data.seconds_kept,
        clip=settings.data.clip_predictions if clip is None else clip,
        by_sources=by_sources,
        where=model.where,
        progress=progress,
    )
    if not np.isfinite(predictions.values).all():
        broken = predictions.ids[int(np.flatnonzero(~np.isfinite(predictions.values).all(axis=1))[0])]
        raise MsftkError(
            f"{model.run}: what it predicts is not a finite number, first for {broken}. The run is broken: train again."
        )
    return predictions, unreadable, prepared


def load(
    run: str | Path, device: str = "auto", *, trust_remote_code: bool = False, allow_download: bool = False
) -> Run:
    """Loads a finished run folder for prediction on `device` (auto, cpu, cuda). Raises as `load_model` does.

    A run folder may come from anybody: neither does code of a model that it names run, nor is one fetched, unless the
    caller says so.
    """
    consent = Consent(remote_code=trust_remote_code, download=allow_download)
    with consenting(consent):
        return Run(load_model(Path(run), choose_where(device)), consent)
