"""Trains a model, or one a fold: manifest -> preparation -> training -> predictions -> scores with their card."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from msftk.errors import InputError
from msftk.evaluation.evaluation import Evaluation, without_nan
from msftk.evaluation.predictions import Predictions, pooled, read_predictions, write_predictions
from msftk.evaluation.protocol import protocol_card
from msftk.models.network import SerNetwork
from msftk.progress import ProgressCallback, silent
from msftk.recipes.evaluate import evaluate, predictions_file
from msftk.recipes.extract import Prepared, extract
from msftk.recipes.prepare import prepare
from msftk.registry import registry
from msftk.settings import Settings
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import Manifest, read_manifest
from msftk.training.batches import MEMORY_BYTES, Examples, Inputs
from msftk.training.checkpoints import FORMAT_VERSION, MODEL, PROTOCOL, save_model, tensors_sha256, write_text
from msftk.training.folds import Split, fixed_split
from msftk.training.folds import folds as make_folds
from msftk.training.loop import Data, choose_device, fit, seeded
from msftk.training.prediction import predict_examples
from msftk.training.resume import Reached
from msftk.training.runs import Plan, begin_run, manifest_fingerprint
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
    settings = without_unread_semantics(settings)
    select = settings.training.select == "best"
    splits = (
        make_folds(corpus.utterances, folds, inner_dev=select, allow_overlap=allow_overlap)
        if folds
        else [fixed_split(corpus.utterances, need_dev=select, allow_overlap=allow_overlap)]
    )
    chosen = choose_device(device)
    resumed = begin_run(out, settings, Plan(folds, allow_overlap, manifest_fingerprint(corpus)), corpus)
    shelf = store if isinstance(store, Store) else Store(default_store_path(store))
    encoder = registry().get("acoustic-encoder", settings.acoustic.name).load()
    used = list({u.id: u for split in splits for part in parts(split).values() for u in part}.values())
    prepared = extract(used, settings, shelf, with_f0=encoder.needs_f0, progress=report, workers=workers)
    inputs = Inputs(prepared, settings.data.seconds_kept, memory_bytes)
    job = _Job(corpus, settings, prepared, inputs, shelf, folds, allow_overlap, chosen, report)
    if folds is None:
        cards = {"": job.train_split(splits[0], out, "training")}
    else:
        cards = {split.name: job.train_fold(split, out) for split in splits}
        _pool_folds(job, out, cards)
    scored = [name for name in ("dev", *_test_names(splits)) if predictions_file(out, name).is_file()]
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
        return prepare("demo", None, Path(folder) / "demo.parquet", progress=progress).manifest


def without_unread_semantics(settings: Settings) -> Settings:
    """A fusion of acoustics alone reads no semantics, so none are prepared."""
    fusion = registry().get("fusion", settings.fusion.name).load()
    return settings if getattr(fusion, "reads_semantics", True) else settings.model_copy(update={"semantics": ()})


def parts(split: Split) -> dict[str, Sequence[Utterance]]:
    return {"train": split.train, "dev": split.dev, **split.tests}


@dataclass(frozen=True)
class _Job:
    """What the models of one run share."""

    corpus: Manifest
    settings: Settings
    prepared: Prepared
    inputs: Inputs
    store: Store
    folds: str | None
    allow_overlap: bool
    device: torch.device
    progress: ProgressCallback

    def train_fold(self, split: Split, out: Path) -> dict[str, Any]:
        """A fold is a run of its own, whose manifest has its splits; a finished one is kept as it is."""
        folder = out / "folds" / split.name
        if (folder / PROTOCOL).is_file():
            card: dict[str, Any] = json.loads((folder / PROTOCOL).read_text(encoding="utf-8"))
            return card
        members = [replace(u, split=name) for name, part in parts(split).items() for u in part]
        manifest = replace(self.corpus, utterances=tuple(members))
        begin_run(folder, self.settings, Plan(None, self.allow_overlap, manifest_fingerprint(manifest)), manifest)
        return self.train_split(split, folder, f"fold {split.name}")

    def train_split(self, split: Split, folder: Path, stage: str) -> dict[str, Any]:
        """Trains one model and writes its folder, protocol.json last: what has one is finished."""
        settings, scale = self.settings, self.corpus.scale
        with seeded(settings.training.seed, self.device):
            network = SerNetwork(settings, self.prepared.dims, self.prepared.groups)
            everyone = list({u.id: u for part in parts(split).values() for u in part}.values())
            good, failures = self.inputs.readable(everyone, network.acoustic, self.progress)
            usable = {u.id for u in good}
            readable = {name: [u for u in part if u.id in usable] for name, part in parts(split).items()}
            _check_left(split, readable, failures)
            network.acoustic.fit(self.inputs.of(u, network.acoustic) for u in readable["train"])
            fitted = tensors_sha256(dict(network.acoustic.named_buffers()))
            network.to(self.device)
            examples = {
                name: Examples(part, self.inputs, network.acoustic, scale) for name, part in readable.items() if part
            }
            data = Data(examples["train"], examples.get("dev"), scale)
            reached = fit(network, data, settings, folder, device=self.device, stage=stage, progress=self.progress)
        save_model(
            folder / MODEL,
            network,
            scale=scale,
            source_dims=self.prepared.dims,
            source_groups=self.prepared.groups,
            corpus=self.corpus.corpus,
            ratings=self.corpus.facts.get("ratings", ""),
        )
        for name in examples:
            if name != "train":
                clip = settings.data.clip_predictions
                said = predict_examples(network, examples[name], scale, clip=clip)
                write_predictions(said, predictions_file(folder, name))
        facts = {
            "splits": {name: len(part) for name, part in readable.items() if part},
            "selection": _selection(settings, reached),
            "missing": {name: self.missing(part) for name, part in readable.items()},
            "failures": failures,
            "normalisation_sha256": fitted,
            "parameters": sum(p.numel() for p in network.parameters() if p.requires_grad),
            "speakers": {name: len({u.speaker for u in part}) for name, part in readable.items() if part},
        }
        return self.write_card(folder, facts, folds=None)

    def missing(self, utterances: Sequence[Utterance]) -> dict[str, dict[str, int]]:
        """source -> reason -> how many of these utterances lack it."""
        return {
            source: dict(Counter(reason for u in utterances if u.id in said and (reason := said[u.id].reason)))
            for source, said in self.prepared.said.items()
        }

    def write_card(self, folder: Path, facts: Mapping[str, Any], folds: dict[str, Any] | None) -> dict[str, Any]:
        corpus = {
            "format_version": FORMAT_VERSION,
            "corpus": self.corpus.corpus,
            "corpus_facts": dict(self.corpus.facts),
            "manifest": manifest_fingerprint(self.corpus),
            "scale": [self.corpus.scale.low, self.corpus.scale.high],
            "folds": folds,
            "speaker_overlap_allowed": self.allow_overlap,
            "clusters": self.corpus.facts.get("clusters") or ("session" if self.folds == "session" else "speaker"),
            "sources": {s: {"dim": d, "group": self.prepared.groups[s]} for s, d in self.prepared.dims.items()},
            "producers": dict(self.prepared.producers),
            "store": str(self.store.root),
            "device": str(self.device),
        }
        card = protocol_card(self.settings, {**corpus, **facts})
        write_text(folder / PROTOCOL, json.dumps(without_nan(card), ensure_ascii=False, indent=2) + "\n")
        return card


def _pool_folds(job: _Job, out: Path, cards: Mapping[str, Mapping[str, Any]]) -> None:
    """Predictions of all folds as one set: each utterance tested once, and (where dev selects) selected once."""
    for name in ("dev", "test"):
        files = [predictions_file(out / "folds" / fold, name) for fold in cards]
        said: list[Predictions] = [read_predictions(file) for file in files if file.is_file()]
        if said:
            write_predictions(pooled(said), predictions_file(out, name))
    everyone = [u for u in job.corpus.utterances if u.id not in job.prepared.failures]
    facts = {
        "splits": {fold: card["splits"] for fold, card in cards.items()},
        "selection": {
            "by": next(iter(cards.values()))["selection"]["by"],
            "epoch": {fold: card["selection"]["epoch"] for fold, card in cards.items()},
        },
        "missing": {name: job.missing(everyone) for name in ("dev", "test")},
        "failures": {one: message for card in cards.values() for one, message in card["failures"].items()},
    }
    job.write_card(out, facts, folds={"kind": job.folds, "names": list(cards)})


def _check_left(split: Split, readable: Mapping[str, Sequence[Utterance]], failures: Mapping[str, str]) -> None:
    for name in ("train", "dev") if split.dev else ("train",):
        if not any(u.ratings for u in readable[name]):
            first = next(iter(failures.values()), "none failed")
            raise InputError(f"no utterance of split '{name}' can be used. The first failure: {first}")


def _selection(settings: Settings, reached: Reached) -> dict[str, Any]:
    if settings.training.select == "last" or reached.best_ccc is None:
        return {"by": "last epoch", "epoch": reached.epoch}
    return {"by": "mean CCC on dev", "epoch": reached.best_epoch, "ccc": reached.best_ccc}


def _test_names(splits: Sequence[Split]) -> list[str]:
    return sorted({name for split in splits for name in split.tests})
