"""Predicts valence, arousal and dominance of recordings: files, folders or a manifest, with a trained run."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from msftk.consent import NOTHING, Consent, consenting
from msftk.errors import AbsentError, InputError, MsftkError
from msftk.evaluation.predictions import Predictions
from msftk.files import read_text, sha256_file
from msftk.models.where import choose_where
from msftk.preparation.extract import Preparation
from msftk.preparation.given import Given
from msftk.preparation.prepared import Prepared
from msftk.progress import ProgressCallback, silent
from msftk.registry import registry
from msftk.runs.model import Model, load_model
from msftk.runs.prediction import predict_utterances
from msftk.speech.alignment_files import alignment_beside
from msftk.speech.audio_file import AUDIO_SUFFIXES
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import Manifest, read_manifest
from msftk.types import ATTRIBUTES, RatingScale, Utterance

TEXT_SUFFIX = ".txt"
TABLE_SUFFIXES = (".csv", ".jsonl", ".parquet")


@dataclass(frozen=True)
class Prediction:
    """V/A/D of one utterance, by attribute name, on the scale of the corpus that the run was trained on.

    `others`: what the run's other targets say, by the name of its column.
    """

    id: str
    values: dict[str, float]
    others: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class PredictResult:
    """Predictions in input order. `failures`: id -> message; `absent`: source -> reason -> how many lacked it.

    `warning` is what the corpus that the run was trained on says of its ratings, e.g. that they are planted; or "".
    """

    predictions: Predictions
    failures: dict[str, str]
    absent: dict[str, dict[str, int]]
    warning: str

    def __iter__(self) -> Iterator[Prediction]:
        others = other_columns(self.predictions)
        for place, (utterance_id, row) in enumerate(
            zip(self.predictions.ids, self.predictions.values.tolist(), strict=True)
        ):
            said = {name: entries[place] for name, entries in others.items()}
            yield Prediction(utterance_id, dict(zip(ATTRIBUTES, row, strict=True)), said)

    def __len__(self) -> int:
        return len(self.predictions.ids)


class Run:
    """A trained run in memory: `load(folder).predict([...])`; what prepares recordings is built once."""

    def __init__(self, model: Model, consent: Consent = NOTHING) -> None:
        self.model = model
        self._consent = consent
        self._preparations: dict[tuple[Path, int | None], Preparation] = {}

    def predict(
        self,
        inputs: str | Path | Iterable[str | Path | Utterance] | Manifest,
        *,
        store: Path | None = None,
        clip: bool | None = None,
        progress: ProgressCallback | None = None,
        workers: int | None = None,
    ) -> PredictResult:
        """Predicts audio files, folders of them, manifests, or utterances.

        Audio alone works; what lies beside it is used too (see `utterance_of`). `clip` cuts predictions to the rating
        scale; None: as the run's settings say.

        Raises:
            InputError: an input that is not there, or a single recording that cannot be read. Among many, a bad one
                stands in `failures`.
        """
        utterances, failures = collect(inputs, self.model.settings.alignment)
        if not utterances and not failures:
            raise InputError("nothing to predict. Name audio files, a folder of them, or a manifest (.parquet).")
        model, place = self.model, default_store_path(store)
        if (place, workers) not in self._preparations:
            with consenting(self._consent):
                self._preparations[place, workers] = Preparation(model.settings, Store(place), workers=workers)
        predictions, unreadable, prepared = predict_anew(
            model,
            utterances,
            self._preparations[place, workers],
            scale=model.scale,
            clip=clip,
            progress=progress or silent,
        )
        n_inputs = len(utterances) + len(failures)
        failures = {**failures, **prepared.failures, **unreadable}
        if n_inputs == 1 and failures:
            raise InputError(next(iter(failures.values())))
        absent = {source: dict(reasons) for source, reasons in prepared.absent.items() if reasons}
        return PredictResult(predictions, failures, absent, model.ratings)


def predict_anew(
    model: Model,
    utterances: Sequence[Utterance],
    preparation: Preparation,
    *,
    scale: RatingScale,
    clip: bool | None = None,
    by_sources: bool = False,
    progress: ProgressCallback = silent,
) -> tuple[Predictions, dict[str, str], Prepared]:
    """Prepares utterances and predicts them on `scale`; who failed, and what was prepared.

    `preparation` is made of the run's settings. `clip` None: as these say. Raises MsftkError for what is not finite.
    """
    settings = model.settings
    prepared = preparation.prepare(utterances, with_f0=model.network.acoustic.needs_f0, progress=progress)
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


def collect(
    inputs: str | Path | Iterable[str | Path | Utterance] | Manifest,
    alignment: Mapping[str, object] | None = None,
) -> tuple[list[Utterance], dict[str, str]]:
    """Utterances of all inputs, and name -> message of recordings that cannot be used. Equal stems become paths.

    `alignment`: options of alignment readers, as `settings.alignment`.
    """
    if isinstance(inputs, Manifest):
        return list(inputs.utterances), {}
    found: list[tuple[Utterance, Path | None]] = []
    failures: dict[str, str] = {}
    paths: list[Path] = []
    for one in [inputs] if isinstance(inputs, str | Path) else inputs:
        if isinstance(one, Utterance):
            found.append((one, None))
        elif Path(one).suffix == ".parquet":
            found += [(utterance, None) for utterance in read_manifest(Path(one)).utterances]
        else:
            paths += _audio_files(Path(one))
    for path in dict.fromkeys(paths):
        try:
            found.append((utterance_of(path, alignment), path))
        except InputError as error:
            failures[str(path)] = str(error)
    times = Counter(utterance.id for utterance, _ in found)
    return [replace(u, id=str(path)) if path and times[u.id] > 1 else u for u, path in found], failures


def utterance_of(audio: Path, options: Mapping[str, object] | None = None) -> Utterance:
    """An audio file with what lies beside it: `STEM.txt` is its transcript, `STEM.TextGrid` (or
    what another alignment reader claims) its alignment.

    A text file (.txt) by itself is an utterance without audio, for a model of text. `options` are those of alignment
    readers.

    A `words.csv` (with `phones.csv`) in the same folder or the one above is its alignment where it lists STEM. An
    alignment without a transcript gives the transcript by its words.
    """
    if audio.suffix.lower() == TEXT_SUFFIX:
        return Utterance(id=audio.stem, audio=None, transcript=read_text(audio).strip() or None)
    alignment = alignment_beside(audio)
    text = audio.with_suffix(TEXT_SUFFIX)
    transcript = read_text(text).strip() or None if text.is_file() else None
    found = Utterance(
        id=audio.stem, audio=audio, transcript=transcript, alignment=alignment, audio_sha256=sha256_file(audio)
    )
    if transcript is None:
        with suppress(AbsentError):  # whoever needs the alignment tells why it cannot be used
            return replace(found, transcript=" ".join(Given(found, options or {}).alignment.spoken_words) or None)
    return found


def _audio_files(path: Path) -> list[Path]:
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith("._")]
        audio = [file for file in files if file.suffix.lower() in AUDIO_SUFFIXES]
        if not audio:
            raise InputError(
                f"{path}: no audio found (looked for {', '.join(AUDIO_SUFFIXES)}; found {len(files)} other files). "
                "Name files or another folder."
            )
        return audio
    if not path.exists():
        raise InputError(
            f"{path}: no such file or folder. Name audio files, a folder of them, or a manifest (.parquet)."
        )
    return [path]


def write_table(predictions: Predictions, path: Path) -> None:
    """Writes `id,valence,arousal,dominance`, what the head adds, scale and clipping; the format follows the suffix."""
    check_table(path)
    columns = table_columns(predictions)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    partial = path.with_name(path.name + ".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".csv":
            with partial.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(columns))
                writer.writeheader()
                writer.writerows(rows)
        case ".jsonl":
            partial.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        case ".parquet":
            import pyarrow
            import pyarrow.parquet

            pyarrow.parquet.write_table(pyarrow.table(columns), partial)
    partial.replace(path)


def check_table(path: Path) -> None:
    """Raises InputError for a suffix that no table format has; call it before the work."""
    if path.suffix not in TABLE_SUFFIXES:
        raise InputError(f"{path}: expected a file that ends in {', '.join(TABLE_SUFFIXES)}.")


def table_columns(predictions: Predictions) -> dict[str, list[object]]:
    """Column name -> values, a value an utterance."""
    n = len(predictions.ids)
    columns: dict[str, list[object]] = {"id": list(predictions.ids)}
    for place, attribute in enumerate(ATTRIBUTES):
        columns[attribute] = predictions.values[:, place].tolist()
    for name, values in predictions.extra.items():
        for place, attribute in enumerate(ATTRIBUTES):
            columns[f"{attribute}_{name}"] = values[:, place].tolist()
    columns |= {name: list(entries) for name, entries in other_columns(predictions).items()}
    columns["scale"] = [str(predictions.scale)] * n
    columns["clipped"] = [predictions.clipped] * n
    return columns


def other_columns(predictions: Predictions) -> dict[str, Sequence[object]]:
    """What is predicted beside the ratings, as each target writes it: column -> an entry an utterance."""
    columns: dict[str, Sequence[object]] = {}
    for name, other in predictions.others.items():
        columns |= registry().create("target", name).predicted(other.outputs, other.columns)
    return columns
