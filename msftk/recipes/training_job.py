"""Trains the models of one run and writes their folders: weights, predictions, and last the protocol card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from msftk.consent import consent
from msftk.errors import InputError
from msftk.evaluation.predictions import pooled
from msftk.evaluation.protocol import protocol_card
from msftk.models.build import build_network
from msftk.models.network import SerNetwork
from msftk.models.processes import first_alone, together
from msftk.models.randomness import seeded
from msftk.models.targets import BuiltTarget, fit_targets
from msftk.models.threads import threads_for
from msftk.models.where import Where
from msftk.preparation.prepared import Prepared
from msftk.progress import ProgressCallback, part_of, silent
from msftk.recipes.initial import Start
from msftk.runs.begin import Begun, Plan, begin_run, manifest_fingerprint
from msftk.runs.folder import RunFolder
from msftk.runs.inputs import Examples, Inputs
from msftk.runs.model import save_model
from msftk.runs.noted import Facts, check_noted
from msftk.runs.prediction import predict_examples
from msftk.runs.state import Reached
from msftk.runs.trackers import tracked
from msftk.runs.weights import tensors_sha256
from msftk.settings import Settings
from msftk.store.columns import chosen, ids_of, is_rated, joined, values_of, with_splits
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.training.folds import Split
from msftk.training.loop import TrainingData, fit
from msftk.training.transforms import Transforms
from msftk.types import Utterance


def parts(split: Split) -> dict[str, Sequence[Utterance]]:
    """Split name -> utterances; the test splits keep their names."""
    return {"train": split.train, "dev": split.dev, **split.tests}


@dataclass(frozen=True)
class Job:
    """What the models of one run share."""

    corpus: Manifest
    settings: Settings
    prepared: Prepared
    inputs: Inputs
    store: Store
    folds: str | None
    allow_overlap: bool
    where: Where
    progress: ProgressCallback
    transforms: Transforms
    start: Start | None = None  # a published model, in place of weights drawn at random

    def train_run(self, splits: Sequence[Split], run: RunFolder) -> None:
        """One model, or one a fold with their predictions pooled."""
        if self.folds is None:
            self.train_split(splits[0], run, "training")
        else:
            cards = {}
            for place, split in enumerate(splits):
                told = part_of(self.progress, place, len(splits), f"fold {split.name}")
                cards[split.name] = replace(self, progress=told).train_fold(split, run)
            if self.where.writes:
                pool_folds(self, run, cards)
            together()

    def train_fold(self, split: Split, run: RunFolder) -> dict[str, Any]:
        """A fold is a run of its own, whose manifest has its splits; a finished one is kept as it is."""
        folder = run.fold(split.name)
        if folder.is_finished:
            return folder.read_card()
        manifest = replace(self.corpus, utterances=with_splits(parts(split)))
        self.begin(folder, self.settings, manifest)
        return self.train_split(split, folder, "training")

    def refit(self, run: RunFolder) -> None:
        """One model of all rated utterances, for as many epochs as a fold's selected model had (their median).

        Nothing is left to select or test on: the folds' scores stand for it.
        """
        epochs = round(median(run.read_card()["selection"]["epoch"].values()))
        training = self.settings.training.model_copy(update={"epochs": epochs, "select": "last", "patience": 0})
        job = replace(self, settings=self.settings.model_copy(update={"training": training}))
        rated = tuple(replace(u, split="train") for u in self.corpus.utterances if u.ratings)
        manifest = replace(self.corpus, utterances=rated)
        self.begin(run.refit, job.settings, manifest)
        job.train_split(Split("refit", rated, (), {}), run.refit, "refit")

    def begin(self, run: RunFolder, settings: Settings, manifest: Manifest) -> None:
        """A run within this one."""
        plan = Plan(None, self.allow_overlap, manifest_fingerprint(manifest))
        begin_together(run, settings, plan, manifest, self.where)

    def train_split(self, split: Split, run: RunFolder, stage: str) -> dict[str, Any]:
        """Trains one model and writes its folder, protocol.json last: what has one is finished."""
        settings, scale = self.settings, self.corpus.scale
        everyone = joined([*parts(split).values()])
        with seeded(settings.training.seed, self.where.device):
            targets = fit_targets(settings.targets, split.train, self.corpus.utterances)
            published = self.start.acoustic_config(settings) if self.start else None
            config = published or self.prepared.acoustic_config
            network = build_network(settings, self.prepared.dims, self.prepared.groups, targets, acoustic_config=config)
            started = self.start.put_into(network) if self.start else None
            with first_alone():
                failures = self.inputs.read_all(everyone, network.acoustic, self.progress)
            readable = {
                name: chosen(part, [one not in failures for one in ids_of(part)]) for name, part in parts(split).items()
            }
            _check_left(split, readable, failures)
            if column := network.acoustic.column:
                network.acoustic.fit_values(values_of(readable["train"], column))
            self.inputs.fit(network.acoustic, readable["train"])
            fitted = tensors_sha256(dict(network.acoustic.named_buffers()))
            network.to(self.where.device)
            examples = {
                name: Examples(part, self.inputs, network.acoustic, scale, targets)
                for name, part in readable.items()
                if part
            }
            identity = dict(network.acoustic.identity())  # of the pretrained model that it read, where it read one
            labels = tensors_sha256(examples["train"].truths)
            note_together(run, {"the acoustic model": identity, "what it learns": labels}, self.where)
            data = TrainingData(examples["train"], examples.get("dev"), scale, self.transforms)
            watched = tracked(run, settings, self.progress) if self.where.writes else nullcontext(silent)
            with threads_for(network), watched as progress:
                reached = fit(network, data, settings, run, where=self.where, stage=stage, progress=progress)
        if not self.where.writes:
            together()
            return run.read_card()
        with threads_for(network):
            self.write_model(run, network, {name: part for name, part in examples.items() if name != "train"})
        facts = {
            "splits": {name: len(part) for name, part in readable.items() if part},
            "selection": _selection(settings, reached),
            "missing": {name: self.missing(part) for name, part in readable.items()},
            "made_by": {name: self.prepared.makers(ids_of(part)) for name, part in readable.items()},
            "failures": failures,
            "acoustic_identity": identity,
            **({"transforms": self.transforms.identity()} if self.transforms.chain else {}),
            **({"init": started} if started else {}),
            **({"classes": classes} if (classes := _classes(targets, examples["train"])) else {}),
            "normalisation_sha256": fitted,
            "parameters": sum(p.numel() for p in network.parameters() if p.requires_grad),
            "speakers": {name: len(set(values_of(part, "speaker"))) for name, part in readable.items() if part},
        }
        card = self.write_card(run, facts, folds=None)
        together()
        return card

    def write_model(self, run: RunFolder, network: SerNetwork, examples: Mapping[str, Examples]) -> None:
        """Weights, and the predictions of every split that did not train."""
        corpus = self.corpus
        save_model(
            run,
            network,
            scale=corpus.scale,
            source_dims=self.prepared.dims,
            source_groups=self.prepared.groups,
            corpus=corpus.corpus,
            ratings=corpus.facts.get("ratings", ""),
        )
        for name, part in examples.items():
            clip = self.settings.data.clip_predictions
            predictions = predict_examples(network, part, corpus.scale, clip=clip, by_sources=True, where=self.where)
            run.write_predictions(name, predictions)

    def missing(self, utterances: Sequence[Utterance]) -> dict[str, dict[str, int]]:
        """source -> reason -> how many of these utterances lack it."""
        return self.prepared.missing(utterances)

    def write_card(self, run: RunFolder, facts: Mapping[str, Any], folds: dict[str, Any] | None) -> dict[str, Any]:
        corpus = {
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
            "device": str(self.where.device),
            "trusted_remote_code": consent().remote_code,
        }
        run.write_card(protocol_card(self.settings, {**corpus, **facts}))
        return run.read_card()


def begin_together(run: RunFolder, settings: Settings, plan: Plan, manifest: Manifest, where: Where) -> Begun:
    """`begin_run` by the first of several processes; the others then find it begun, or finished."""
    with first_alone():
        if where.writes:
            return begin_run(run, settings, plan, manifest)
        return Begun.FINISHED if run.is_finished else Begun.RESUMED


def note_together(run: RunFolder, read: Mapping[str, Facts], where: Where) -> None:
    """`check_noted` by the first of several processes."""
    with first_alone():
        if where.writes:
            check_noted(run, read)


def pool_folds(job: Job, run: RunFolder, cards: Mapping[str, Mapping[str, Any]]) -> None:
    """Predictions of all folds as one set: each utterance tested once, and (where dev selects) selected once."""
    for name in ("dev", "test"):
        folds = [run.fold(fold) for fold in cards]
        kept = [fold.read_predictions(name) for fold in folds if name in fold.kept_splits]
        if kept:
            run.write_predictions(name, pooled(kept))
    everyone = [u for u in job.corpus.utterances if u.id not in job.prepared.failures]
    facts = {
        "splits": {fold: card["splits"] for fold, card in cards.items()},
        "selection": {
            "by": next(iter(cards.values()))["selection"]["by"],
            "epoch": {fold: card["selection"]["epoch"] for fold, card in cards.items()},
        },
        "acoustic_identity": next(iter(cards.values()))["acoustic_identity"],
        "missing": {name: job.missing(everyone) for name in ("dev", "test")},
        "made_by": {name: job.prepared.makers(ids_of(everyone)) for name in ("dev", "test")},
        "failures": {one: message for card in cards.values() for one, message in card["failures"].items()},
    }
    job.write_card(run, facts, folds={"kind": job.folds, "names": list(cards)})


def _classes(targets: Mapping[str, BuiltTarget], train: Examples) -> dict[str, dict[str, float]]:
    """Target that is classes -> class -> how many of the utterances that trained are of it."""
    counts = {name: train.truths[name].nansum(dim=0).tolist() for name, one in targets.items() if one.is_classes}
    return {name: dict(zip(targets[name].columns, own, strict=True)) for name, own in counts.items()}


def _check_left(split: Split, readable: Mapping[str, Sequence[Utterance]], failures: Mapping[str, str]) -> None:
    for name in ("train", "dev") if split.dev else ("train",):
        if not is_rated(readable[name]).any():
            first = next(iter(failures.values()), "none failed")
            raise InputError(f"no utterance of split '{name}' can be used. The first failure: {first}")


def _selection(settings: Settings, reached: Reached) -> dict[str, Any]:
    stopped = {"stopped_after": trained} if (trained := reached.epoch) < settings.training.epochs else {}
    if settings.training.select == "last" or reached.best_ccc is None:
        return {"by": "last epoch", "epoch": reached.epoch, **stopped}
    return {"by": "mean CCC on dev", "epoch": reached.best_epoch, "ccc": reached.best_ccc, **stopped}
