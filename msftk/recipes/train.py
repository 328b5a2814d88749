"""Trains a model, or one a fold: manifest -> preparation -> training -> predictions -> scores with their card."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msftk.errors import InputError
from msftk.evaluation.evaluation import Evaluation
from msftk.hookspecs import find_kind
from msftk.models.where import choose_where
from msftk.preparation.extract import extract
from msftk.progress import ProgressCallback, silent
from msftk.recipes.evaluate import evaluate
from msftk.recipes.prepare import prepare
from msftk.recipes.training_job import Job, parts, pool_folds
from msftk.registry import registry
from msftk.runs.begin import Plan, begin_run, manifest_fingerprint
from msftk.runs.folder import RunFolder
from msftk.runs.inputs import MEMORY_BYTES, Inputs
from msftk.settings import Component, Settings
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import Manifest, read_manifest
from msftk.training.folds import Split, fixed_split
from msftk.training.folds import folds as make_folds
from msftk.types import Utterance


@dataclass(frozen=True)
class TrainResult:
    """A finished run: `evaluations` split -> scores (dev is "selected on" where it selected), best epoch of each model.

    `failures`: utterances that could not be read, id -> message; they were left out. `warning`: what the corpus says
    of its ratings, such as "planted on synthetic speech", or "".
    """

    run: Path
    settings: Settings
    evaluations: dict[str, Evaluation]
    epochs: dict[str, int]
    failures: dict[str, str]
    seconds: float
    resumed: bool
    warning: str

    def json(self) -> dict[str, Any]:
        return {
            "run": str(self.run),
            "evaluations": {split: evaluation.json() for split, evaluation in self.evaluations.items()},
            "epochs": self.epochs,
            "failures": self.failures,
            "seconds": round(self.seconds, 1),
        }


def train(
    manifest: Manifest | Path | None,
    settings: Settings,
    out: Path,
    *,
    store: Store | Path | None = None,
    folds: str | None = None,
    device: str = "auto",
    allow_overlap: bool = False,
    progress: ProgressCallback | None = None,
    workers: int | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> TrainResult:
    """Trains on a corpus and scores what was not trained on.

    Args:
        manifest: a corpus with ratings, or the path of its manifest; None: the demo corpus.
        out: the run folder. An unfinished run there is resumed if settings, folds and data are the same.
        store: where prepared features lie; None: MSFTK_STORE, else the user's cache folder.
        folds: None: the corpus' splits; else "session", "speaker" or "speaker:K".
        device: auto, cpu or cuda.
        allow_overlap: let speakers of train or dev also test; the card says so.
        progress: told of preparation and training.
        workers: threads of preparation, None: as the engine's settings say.
        memory_bytes: acoustic inputs are kept in memory up to this size, the rest is prepared again each epoch.
    Raises:
        InputError: see `fixed_split`, `folds`, `begin_run`; no readable utterance is left in train or dev.
    """
    start, report = time.perf_counter(), progress or silent
    corpus = manifest if isinstance(manifest, Manifest) else _read_or_demo(manifest, report)
    settings = settings_for(settings, corpus.utterances)
    select = settings.training.select == "best"
    splits = (
        make_folds(corpus.utterances, folds, inner_dev=select, allow_overlap=allow_overlap)
        if folds
        else [fixed_split(corpus.utterances, need_dev=select, allow_overlap=allow_overlap)]
    )
    where, run = choose_where(device), RunFolder(out)
    resumed = begin_run(run, settings, Plan(folds, allow_overlap, manifest_fingerprint(corpus)), corpus)
    shelf = store if isinstance(store, Store) else Store(default_store_path(store))
    encoder = registry().get("acoustic-encoder", settings.acoustic.name).load()
    used = list({u.id: u for split in splits for part in parts(split).values() for u in part}.values())
    prepared = extract(used, settings, shelf, with_f0=encoder.needs_f0, progress=report, workers=workers)
    inputs = Inputs(prepared, settings.data.seconds_kept, memory_bytes)
    job = Job(corpus, settings, prepared, inputs, shelf, folds, allow_overlap, where, report)
    if folds is None:
        cards = {"": job.train_split(splits[0], run, "training")}
    else:
        cards = {split.name: job.train_fold(split, run) for split in splits}
        pool_folds(job, run, cards)
    scored = [name for name in ("dev", *_test_names(splits)) if name in run.kept_splits]
    rated = [name for name in scored if any(u.ratings for s in splits for u in parts(s)[name])]
    return TrainResult(
        run=out,
        settings=settings,
        evaluations={name: evaluate(out, split=name) for name in rated},
        epochs={name or "model": card["selection"]["epoch"] for name, card in cards.items()},
        failures={one: message for card in cards.values() for one, message in card["failures"].items()},
        seconds=time.perf_counter() - start,
        resumed=resumed,
        warning=corpus.facts.get("ratings", ""),
    )


def _read_or_demo(manifest: Path | None, progress: ProgressCallback) -> Manifest:
    if manifest is not None:
        return read_manifest(manifest)
    with TemporaryDirectory() as folder:  # the run keeps a copy of its manifest
        demo = registry().first("corpus", "needs_root", False).name
        return prepare(demo, None, Path(folder) / "demo.parquet", progress=progress).manifest


def settings_for(settings: Settings, utterances: Iterable[Utterance]) -> Settings:
    """What the fusion does not read is not prepared: meaning for one of sound alone, sound for one of meaning alone.

    On a corpus of text without sound the default fusion gives way to the first that reads no sound. Raises InputError
    for another that reads sound.
    """
    without_audio = not any(utterance.audio for utterance in utterances)
    deaf = registry().first("fusion", "reads_acoustics", False).name
    if without_audio and settings.fusion.name == find_kind("fusion").default:
        settings = settings.model_copy(update={"fusion": Component(name=deaf)})
    fusion = registry().get("fusion", settings.fusion.name).load()
    if without_audio and fusion.reads_acoustics:
        raise InputError(
            f"fusion '{settings.fusion.name}' reads sound, and no utterance of the corpus has audio. "
            f"Take --fusion {deaf}."
        )
    if not fusion.reads_acoustics:
        silent = registry().first("acoustic-encoder", "reads_sound", False).name
        settings = settings.model_copy(update={"acoustic": Component(name=silent)})
    return settings if fusion.reads_semantics else settings.model_copy(update={"semantics": ()})


def _test_names(splits: Sequence[Split]) -> list[str]:
    return sorted({name for split in splits for name in split.tests})
