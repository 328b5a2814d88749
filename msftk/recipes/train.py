"""Trains a model, or one a fold: manifest -> preparation -> training -> predictions -> scores with their card."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msftk.consent import Consent, consenting
from msftk.errors import InputError
from msftk.evaluation.evaluation import Evaluation
from msftk.files import check_folder
from msftk.launched import rank
from msftk.models.processes import check_same, first_alone, process_group, together
from msftk.models.targets import fit_targets
from msftk.models.where import choose_where
from msftk.preparation.extract import extract
from msftk.preparation.parts import Parts, make_parts
from msftk.progress import ProgressCallback, silent
from msftk.recipes.evaluate import evaluate
from msftk.recipes.initial import Start, start_from
from msftk.recipes.prepare import read_corpus
from msftk.recipes.senses import settings_for, with_labels
from msftk.recipes.shared_inputs import SharedInputs
from msftk.recipes.training_job import Job, begin_together, note_together, parts
from msftk.recipes.wording import sound_notes
from msftk.registry import registry
from msftk.runs.begin import Begun, Plan, manifest_fingerprint
from msftk.runs.folder import RunFolder
from msftk.runs.inputs import MEMORY_BYTES, Inputs
from msftk.runs.known import KnownInputs
from msftk.runs.noted import Facts
from msftk.runs.trackers import check_trackers
from msftk.settings import Settings, with_whole_paths
from msftk.store.columns import is_rated, joined, values_of
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import Manifest, read_manifest
from msftk.training.folds import Split, fixed_split
from msftk.training.folds import folds as make_folds
from msftk.training.objective import make_objective
from msftk.training.transforms import AS_RECORDED, Transforms, make_transforms

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainResult:
    """A finished run: `evaluations` split -> scores (dev is "selected on" where it selected), best epoch of each model.

    `failures`: utterances that could not be read, id -> message; they were left out. `warning`: what the corpus says
    of its ratings, such as "planted on synthetic speech", or "". `begun`: whether it is new, was resumed, or was
    finished before, so that nothing was trained. `notes`: what holds for some recordings, each with how many.
    """

    run: Path
    settings: Settings
    evaluations: dict[str, Evaluation]
    epochs: dict[str, int]
    failures: dict[str, str]
    seconds: float
    begun: Begun
    warning: str
    notes: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        return {
            "run": str(self.run),
            "evaluations": {split: evaluation.json() for split, evaluation in self.evaluations.items()},
            "epochs": self.epochs,
            "failures": self.failures,
            "seconds": round(self.seconds, 1),
        }


def train(
    manifest: Manifest | str | Path | None,
    settings: Settings,
    out: str | Path,
    *,
    init: str | None = None,
    store: Store | str | Path | None = None,
    folds: str | None = None,
    refit: bool = False,
    device: str = "auto",
    allow_overlap: bool = False,
    trust_remote_code: bool = False,
    progress: ProgressCallback | None = None,
    workers: int | None = None,
    memory_bytes: int = MEMORY_BYTES,
    shared: SharedInputs | None = None,
) -> TrainResult:
    """Trains on a corpus and scores what was not trained on.

    Args:
        manifest: a corpus with ratings, or the path of its manifest; None: the demo corpus.
        out: the run folder. An unfinished run there is resumed if settings, folds and data are the same; of a finished
            one the scores are given.
        init: the published model to start from, by name, hub id or folder: it brings its acoustic encoder, pooling and
            head in place of the preset's, with its weights where the network can take them (fusion none takes all).
        store: where prepared features lie; None: MSFTK_STORE, else the user's cache folder.
        folds: None: the corpus' splits; else "session", "speaker" or "speaker:K".
        refit: after the folds train one model on all of their data, which then predicts; else the mean of the folds'
            models does.
        device: auto, cpu or cuda.
        allow_overlap: let speakers of train or dev also test; the card says so.
        trust_remote_code: let Python code run that comes with a pretrained model; the card says so.
        progress: told of preparation and training. Where a launcher started several processes, each calls this; the
            first prepares and writes, and all train one model.
        workers: threads of preparation, None: as the engine's settings say.
        memory_bytes: acoustic inputs are kept in memory up to this size, the rest is prepared again each epoch.
        shared: of several runs of one process on one `Manifest`, each with this, those that prepare alike do it once.
    Raises:
        InputError: see `fixed_split`, `folds`, `begin_run`; no readable utterance is left in train or dev; `out` is
            no folder.
        MsftkError: another process trains in that folder.
        OSError: the disk is full.
    """
    if refit and folds is None:
        raise InputError("--refit trains on the data of all folds after them. Give --folds too, e.g. --folds session.")
    start, report = time.perf_counter(), progress if progress and not rank() else silent
    corpus = manifest if isinstance(manifest, Manifest) else read_or_demo(manifest, report)
    allowed = Consent(remote_code=trust_remote_code, download=True, send=True)
    started = None
    if name := init or settings.training.init:
        with consenting(allowed):
            started = start_from(name)
        settings = started.settings(settings)
    settings = settings_on(corpus, settings)
    check_trackers(settings.training.trackers)
    splits = splits_of(corpus, settings, folds, allow_overlap)
    where, run = choose_where(device), RunFolder(Path(out))
    with consenting(allowed):
        transforms = make_transforms(settings) if refit or not run.is_finished else AS_RECORDED
    read: dict[str, Facts] = {}
    if not run.is_finished:
        with consenting(allowed):
            read = _read_beside(settings, transforms, started, check_parts(settings, corpus, splits))
        check_folder(run.path)
    notes: list[str] = []
    with process_group(), consenting(allowed), run.held() if where.writes else nullcontext():
        fingerprint = manifest_fingerprint(corpus)
        check_same("data", fingerprint)
        check_same("settings", settings.model_dump_json())
        begun = begin_together(run, settings, Plan(folds, allow_overlap, fingerprint), corpus, where)
        if begun is not Begun.FINISHED:
            note_together(run, read, where)
        refits = refit and not run.refit.is_finished
        if begun is not Begun.FINISHED or refits:
            shelf = store if isinstance(store, Store) else Store(default_store_path(store))
            shelf.serve(run.path, *([] if manifest is None or isinstance(manifest, Manifest) else [manifest]))
            log.info("%s run in %s, on %s; store %s", begun.value, out, where.device, shelf.root)
            encoder = registry().get("acoustic-encoder", settings.acoustic.name).load()
            used = corpus.utterances if folds else joined([*parts(splits[0]).values()])  # folds test everyone once
            seconds_kept = settings.data.seconds_kept

            def make_inputs() -> Inputs:
                with first_alone():
                    made = extract(used, settings, shelf, with_f0=encoder.needs_f0, progress=report, workers=workers)
                known = KnownInputs(shelf, settings, made)
                return Inputs(made, seconds_kept, memory_bytes, known, settings.data.exchanged)

            inputs = (shared or SharedInputs()).get(corpus, settings, shelf, folds, make_inputs)
            prepared = inputs.prepared
            how = folds, allow_overlap, where, report, transforms, started
            job = Job(corpus, settings, prepared, inputs, shelf, *how)
            if begun is not Begun.FINISHED:
                job.train_run(splits, run)
            if refits:
                job.refit(run)
            lengths_s = values_of(used, "duration_s") if encoder.reads_sound else []
            notes = sound_notes((s or 0.0 for s in lengths_s), prepared.warnings.items(), seconds_kept)
            notes += [full] if (full := inputs.full_disk) else []
            notes += [f"licence of {started.found.name}: {started.found.licence}"] if started else []
        together()
    card = run.read_card()
    return TrainResult(
        run=run.path,
        settings=settings,
        evaluations={name: evaluate(out, split=name) for name in _rated(run, splits)},
        epochs=_epochs(card),
        failures=card["failures"],
        seconds=time.perf_counter() - start,
        begun=begun,
        warning=corpus.facts.get("ratings", ""),
        notes=tuple(notes),
    )


def settings_on(corpus: Manifest, settings: Settings) -> Settings:
    """Settings as a run on this corpus records them. Raises InputError where they do not fit it."""
    return with_labels(settings_for(with_whole_paths(settings), corpus.utterances), corpus.utterances)


def read_or_demo(manifest: str | Path | None, progress: ProgressCallback) -> Manifest:
    """The corpus of a manifest; None: the demo corpus."""
    if manifest is not None:
        return read_manifest(manifest)
    demo = registry().first("corpus", "needs_root", False).name
    return read_corpus(demo, None, progress=progress).manifest


def splits_of(corpus: Manifest, settings: Settings, folds: str | None, allow_overlap: bool) -> Sequence[Split]:
    """The corpus' own split, or a split a fold. Raises InputError where it cannot be so split."""
    selects = settings.training.select == "best"
    if folds:
        return make_folds(corpus.utterances, folds, inner_dev=selects, allow_overlap=allow_overlap)
    return [fixed_split(corpus.utterances, need_dev=selects, allow_overlap=allow_overlap)]


def check_parts(settings: Settings, corpus: Manifest, splits: Sequence[Split]) -> Parts:
    """Builds what no file of the run is needed for, so that what cannot be made is told before one is begun.

    Returns the parts of the preparation. Raises InputError for what does not fit together, the corpus or some fold.
    """
    if settings.training.patience and not splits[0].dev:
        raise InputError(
            f"training.patience = {settings.training.patience} waits for a better CCC on dev, and there is no dev. "
            "Leave it out, or let dev select (training.select=best)."
        )
    for split in splits:
        make_objective(settings, fit_targets(settings.targets, split.train, corpus.utterances))
        settings.create("sampler", utterances=split.train).check(corpus.utterances)
    return make_parts(settings)


def _read_beside(settings: Settings, transforms: Transforms, started: Start | None, made_by: Parts) -> dict[str, Facts]:
    """What a run reads beside its settings and corpus, see `check_noted`."""
    chosen = zip(settings.transforms, transforms.identity(), strict=True)
    read: dict[str, Facts] = {
        f"what transform {place} ({one.name}) reads": facts for place, (one, facts) in enumerate(chosen, start=1)
    }
    if started:
        read["the published model"] = started.found.identity()
    return read | {f"what makes {what}": part.hash for what, part in made_by.named.items()}


def _rated(run: RunFolder, splits: Sequence[Split]) -> list[str]:
    """Splits that can be scored: dev first, then the tests by name."""
    names = ("dev", *sorted(splits[0].tests))  # folds have the same
    kept = run.kept_splits
    return [name for name in names if name in kept and any(is_rated(parts(split)[name]).any() for split in splits)]


def _epochs(card: Mapping[str, Any]) -> dict[str, int]:
    """Model (or fold) -> the epoch whose weights it has."""
    epoch = card["selection"]["epoch"]
    return dict(epoch) if isinstance(epoch, dict) else {"model": epoch}
