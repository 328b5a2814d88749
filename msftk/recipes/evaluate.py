"""Scores a run on a split: from the predictions it keeps, or by predicting a manifest anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msftk.consent import Consent, consenting
from msftk.errors import InputError, UnknownNameError, did_you_mean
from msftk.evaluation.averages import mean_of_models
from msftk.evaluation.evaluation import Evaluation
from msftk.models.threads import threads_for
from msftk.models.where import choose_where
from msftk.progress import ProgressCallback, silent
from msftk.recipes.ensemble import load_ensemble
from msftk.recipes.scored import Said, scored
from msftk.runs.folder import RunFolder
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import Manifest, read_manifest
from msftk.types import RatingScale, Utterance

HELD_OUT, SELECTED_ON, TRAINED_ON = "held out", "selected on", "trained on"


def evaluate(
    run: str | Path | Sequence[str | Path],
    manifest: Manifest | str | Path | None = None,
    split: str = "dev",
    *,
    by: Sequence[str] = (),
    peer: str | Path | None = None,
    scale: RatingScale | None = None,
    store: Store | str | Path | None = None,
    device: str = "auto",
    trust_remote_code: bool = False,
    allow_download: bool = False,
    allow_sending: bool = False,
    progress: ProgressCallback | None = None,
    workers: int | None = None,
) -> Evaluation:
    """Scores of a finished run on one split, pooled over folds where it has folds; of several runs, of their mean.

    Without `manifest` the run's own predictions are read. With one, its split is predicted by the run's model (see
    `load`); on a corpus with another rating scale, predictions are laid on that scale (low on low, high on high). Then
    `trust_remote_code` lets Python code run that comes with a model, `allow_download` lets a model be fetched,
    `allow_sending` lets recordings go to a server that describes.

    Args:
        by: scores of parts beside those of all: by "gender", "speaker", "duration", "category", "missing" or
            "rater-spread".
        peer: a CSV table of another system's predictions of the same utterances, to be measured by.
        scale: what that table is on, if it does not say so; None: the corpus' own.
    Raises:
        InputError: an unfinished run, no ratings to score against; runs of different corpora without a manifest; a
            peer's table that cannot be read or lacks an utterance.
        UnknownNameError: the run or the manifest has no such split; the message lists those it has.
    """
    folders = [RunFolder(Path(one)) for one in ([run] if isinstance(run, str | Path) else run)]
    cards = [folder.read_card() for folder in folders]
    if manifest is None:
        said = _kept(folders, cards, split)
    else:
        corpus = manifest if isinstance(manifest, Manifest) else read_manifest(manifest)
        with consenting(Consent(trust_remote_code, allow_download, allow_sending)):
            said = _anew(folders, cards, corpus, split, store, device, progress or silent, workers)
    return scored(said, by, peer, scale)


def _kept(runs: Sequence[RunFolder], cards: Sequence[dict[str, Any]], split: str) -> Said:
    run, card = runs[0], cards[0]
    for other, its in zip(runs, cards, strict=True):
        _check_kept(other, split)
        if (its["manifest"], its["folds"]) != (card["manifest"], card["folds"]):
            raise InputError(
                f"{run.path} and {other.path} were trained on different data, so they keep predictions of different "
                f"utterances. Give a manifest: msftk evaluate {run.path} {other.path} M.parquet --combine mean."
            )
    own = run.read_manifest()
    fold_names = (card["folds"] or {}).get("names", ())
    tested = {
        name: [u.id for u in run.fold(name).read_manifest().utterances if u.split == split] for name in fold_names
    }
    selects = split == "dev" and any(map(_selects, cards))
    return Said(
        mean_of_models([other.read_predictions(split) for other in runs]),
        list(own.utterances) if tested else own.split(split),
        card["clusters"],
        {"sources": card["missing"].get(split, {})},
        {**_combined(runs, card), "split": split, "role": SELECTED_ON if selects else HELD_OUT},
        tested,
    )


def _check_kept(run: RunFolder, split: str) -> None:
    kept = run.kept_splits
    if not kept:
        raise InputError(
            f"{run.path}: keeps no predictions, since all of its data trained it. To score it give another corpus: "
            f"msftk evaluate {run.path} M.parquet --split {split}."
        )
    if split not in kept:
        raise UnknownNameError(
            f"{run.path}: no predictions of split '{split}'. {did_you_mean(split, kept)}"
            f"Kept: {', '.join(kept)}. "
            f"To score another split give a manifest: msftk evaluate {run.path} {run.manifest_file} --split {split}."
        )


def _combined(runs: Sequence[RunFolder], card: dict[str, Any]) -> dict[str, Any]:
    """The card of the first run, and whose mean the predictions are where there are several."""
    return {**card, "mean_of": [str(run.path) for run in runs]} if len(runs) > 1 else card


def _anew(
    runs: Sequence[RunFolder],
    cards: Sequence[dict[str, Any]],
    corpus: Manifest,
    split: str,
    store: Store | str | Path | None,
    device: str,
    progress: ProgressCallback,
    workers: int | None,
) -> Said:
    utterances = corpus.split(split)
    ensemble = load_ensemble([run.path for run in runs], choose_where(device))
    place = store if isinstance(store, Store) else Store(default_store_path(store))
    preparations = ensemble.preparations(place, workers=workers)
    with threads_for(ensemble.models[0].network):
        answered = ensemble.predict(utterances, preparations, scale=corpus.scale, by_sources=True, progress=progress)
    roles = {_role(run.read_manifest(), corpus, utterances, card) for run, card in zip(runs, cards, strict=True)}
    card = {
        **_combined(runs, cards[0]),
        "split": split,
        "role": next(role for role in (TRAINED_ON, SELECTED_ON, HELD_OUT) if role in roles),
        "failures": answered.failures,
        "evaluated_on": {
            "corpus": corpus.corpus,
            "corpus_facts": dict(corpus.facts),
            "scale": [corpus.scale.low, corpus.scale.high],
        },
    }
    clusters = corpus.facts.get("clusters", cards[0]["clusters"])
    return Said(answered.predictions, utterances, clusters, {"sources": answered.absent}, card)


def _role(own: Manifest, corpus: Manifest, utterances: Sequence[Utterance], card: dict[str, Any]) -> str:
    """Whether the run saw any of these utterances, by id, in a corpus of the same name; all of its folds together saw
    all of its corpus."""
    if corpus.corpus != own.corpus:
        return HELD_OUT
    ids = {u.id for u in utterances}
    if any(u.id in ids for u in own.utterances if u.split == "train" or card["folds"]):
        return TRAINED_ON
    return SELECTED_ON if _selects(card) and any(u.id in ids for u in own.utterances if u.split == "dev") else HELD_OUT


def _selects(card: dict[str, Any]) -> bool:
    """Whether dev chose the model."""
    return bool(card["selection"]["by"] != "last epoch")
