"""Scores a run on a split: from the predictions it keeps, or by predicting a manifest anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msftk.consent import Consent, consenting
from msftk.errors import UnknownNameError, did_you_mean
from msftk.evaluation.evaluation import Evaluation, evaluate_predictions
from msftk.models.threads import threads_for
from msftk.models.where import choose_where
from msftk.preparation.extract import Preparation
from msftk.progress import ProgressCallback, silent
from msftk.recipes.predict import predict_anew
from msftk.runs.folder import RunFolder
from msftk.runs.model import load_model
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import Manifest, read_manifest
from msftk.types import Utterance

HELD_OUT, SELECTED_ON, TRAINED_ON = "held out", "selected on", "trained on"


def evaluate(
    run: Path,
    manifest: Manifest | Path | None = None,
    split: str = "dev",
    *,
    store: Store | Path | None = None,
    device: str = "auto",
    trust_remote_code: bool = False,
    allow_download: bool = False,
    progress: ProgressCallback | None = None,
    workers: int | None = None,
) -> Evaluation:
    """Scores of a finished run on one split, pooled over folds where it has folds.

    Without `manifest` the run's own predictions are read. With one, its split is predicted by the run's model; on a
    corpus with another rating scale, predictions are laid on that scale (low on low, high on high). Then
    `trust_remote_code` lets Python code run that comes with a model, `allow_download` lets a model be fetched.

    Raises:
        InputError: an unfinished run, no ratings to score against; a run of folds with a manifest.
        UnknownNameError: the run or the manifest has no such split; the message lists those it has.
    """
    folder = RunFolder(run)
    protocol = folder.read_card()
    if manifest is None:
        return _evaluate_kept(folder, protocol, split)
    corpus = read_manifest(manifest) if isinstance(manifest, Path) else manifest
    with consenting(Consent(remote_code=trust_remote_code, download=allow_download)):
        return _evaluate_anew(folder, protocol, corpus, split, store, device, progress or silent, workers)


def _evaluate_kept(run: RunFolder, protocol: dict[str, Any], split: str) -> Evaluation:
    kept = run.kept_splits
    if split not in kept:
        raise UnknownNameError(
            f"{run.path}: no predictions of split '{split}'. {did_you_mean(split, kept)}"
            f"Kept: {', '.join(kept) or 'none'}. "
            f"To score another split give a manifest: msftk evaluate {run.path} {run.manifest_file} --split {split}."
        )
    own = run.read_manifest()
    fold_names = (protocol["folds"] or {}).get("names", ())
    tested = {
        name: [u.id for u in run.fold(name).read_manifest().utterances if u.split == split] for name in fold_names
    }
    utterances = list(own.utterances) if tested else own.split(split)
    selects = split == "dev" and protocol["selection"]["by"] != "last epoch"
    return evaluate_predictions(
        run.read_predictions(split),
        utterances,
        cluster_by=protocol["clusters"],
        missing={"sources": protocol["missing"].get(split, {})},
        protocol={**protocol, "split": split, "role": SELECTED_ON if selects else HELD_OUT},
        folds=tested,
    )


def _evaluate_anew(
    run: RunFolder,
    protocol: dict[str, Any],
    corpus: Manifest,
    split: str,
    store: Store | Path | None,
    device: str,
    progress: ProgressCallback,
    workers: int | None,
) -> Evaluation:
    utterances = corpus.split(split)
    model = load_model(run.path, choose_where(device))
    place = store if isinstance(store, Store) else Store(default_store_path(store))
    preparation = Preparation(model.settings, place, workers=workers)
    with threads_for(model.network):
        predictions, failures, prepared = predict_anew(
            model, utterances, preparation, scale=corpus.scale, by_sources=True, progress=progress
        )
    own = run.read_manifest()
    return evaluate_predictions(
        predictions,
        utterances,
        cluster_by=corpus.facts.get("clusters", protocol["clusters"]),
        missing={"sources": prepared.absent},
        protocol={
            **protocol,
            "split": split,
            "role": _role(own, corpus, utterances, protocol),
            "failures": failures,
            "evaluated_on": {
                "corpus": corpus.corpus,
                "corpus_facts": dict(corpus.facts),
                "scale": [corpus.scale.low, corpus.scale.high],
            },
        },
    )


def _role(own: Manifest, corpus: Manifest, utterances: Sequence[Utterance], protocol: dict[str, Any]) -> str:
    """Whether the run saw any of these utterances, by id, in a corpus of the same name."""
    if corpus.corpus != own.corpus:
        return HELD_OUT
    ids = {u.id for u in utterances}
    if any(u.id in ids for u in own.utterances if u.split == "train"):
        return TRAINED_ON
    selects = protocol["selection"]["by"] != "last epoch"
    return SELECTED_ON if selects and any(u.id in ids for u in own.utterances if u.split == "dev") else HELD_OUT
