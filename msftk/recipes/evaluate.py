"""Scores a run on a split: from the predictions it keeps, or by predicting a manifest anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from msftk.consent import Consent, consenting
from msftk.errors import InputError
from msftk.evaluation.evaluation import Evaluation
from msftk.models.threads import threads_for
from msftk.models.where import choose_where
from msftk.progress import ProgressCallback, silent
from msftk.recipes.calibration import calibrated
from msftk.recipes.ensemble import load_ensemble
from msftk.recipes.kept import combined, kept
from msftk.recipes.scored import Said, scored
from msftk.recipes.sources import HELD_OUT, SELECTED_ON, TRAINED_ON, PublishedSource, Source, TrainedSource, sources
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import Manifest, read_manifest
from msftk.types import RatingScale


def evaluate(
    run: str | Path | Sequence[str | Path],
    manifest: Manifest | str | Path | None = None,
    split: str = "dev",
    *,
    models: str | Sequence[str] = (),
    model_options: Mapping[str, object] | None = None,
    by: Sequence[str] = (),
    peer: str | Path | None = None,
    scale: RatingScale | None = None,
    interval: float | None = None,
    store: Store | str | Path | None = None,
    device: str = "auto",
    trust_remote_code: bool = False,
    allow_download: bool = False,
    allow_sending: bool = False,
    progress: ProgressCallback | None = None,
    workers: int | None = None,
) -> Evaluation:
    """Scores of a finished run on one split, pooled over folds where it has folds; of several, of their mean.

    `models` are published models (see `load_model`) that take part like runs; they need a manifest. `model_options`
    are those of their layouts.

    Without `manifest` the run's own predictions are read. With one, its split is predicted by the run's model (see
    `load`); on a corpus with another rating scale, predictions are laid on that scale (low on low, high on high). Then
    `trust_remote_code` lets Python code run that comes with a model, `allow_download` lets a model be fetched,
    `allow_sending` lets recordings go to a server that describes.

    Args:
        by: scores of parts beside those of all: by "gender", "speaker", "duration", "category", "missing" or
            "rater-spread".
        peer: a CSV table of another system's predictions of the same utterances, to be measured by.
        scale: what that table is on, if it does not say so; None: the corpus' own.
        interval: also how often bounds hold the ratings that should do so with this probability, see `calibrated`.
    Raises:
        InputError: an unfinished run, no ratings to score against; runs of different corpora without a manifest; a
            peer's table that cannot be read or lacks an utterance.
        UnknownNameError: the run or the manifest has no such split; the message lists those it has.
    """
    asked = sources(run, models, model_options)
    trained = [one for one in asked if isinstance(one, TrainedSource)]
    if manifest is None:
        if published := next((one for one in asked if isinstance(one, PublishedSource)), None):
            raise InputError(
                f"{published.name}: a published model keeps no predictions. Give a manifest: msftk evaluate --model "
                f"{published.name} M.parquet --split {split}."
            )
        said = kept(trained, split)
    else:
        corpus = manifest if isinstance(manifest, Manifest) else read_manifest(manifest)
        with consenting(Consent(trust_remote_code, allow_download, allow_sending)):
            said = _anew(asked, corpus, split, store, device, progress or silent, workers)
    if interval is not None:
        bounds = calibrated(asked, interval)
        card = {**said.protocol, "intervals": bounds.json()}
        said = replace(said, predictions=bounds.of(said.predictions), protocol=card)
    return scored(said, by, peer, scale)


def _anew(
    asked: Sequence[Source],
    corpus: Manifest,
    split: str,
    store: Store | str | Path | None,
    device: str,
    progress: ProgressCallback,
    workers: int | None,
) -> Said:
    utterances = corpus.split(split)
    ensemble = load_ensemble(asked, choose_where(device))
    place = store if isinstance(store, Store) else Store(default_store_path(store))
    preparations = ensemble.preparations(place, workers=workers)
    with threads_for(ensemble.models[0].network):
        answered = ensemble.predict(utterances, preparations, scale=corpus.scale, by_sources=True, progress=progress)
    roles = {one.role(corpus, utterances) for one in asked}
    card = {
        **combined(asked),
        "split": split,
        "role": next(role for role in (TRAINED_ON, SELECTED_ON, HELD_OUT) if role in roles),
        "failures": answered.failures,
        "evaluated_on": {
            "corpus": corpus.corpus,
            "corpus_facts": dict(corpus.facts),
            "scale": [corpus.scale.low, corpus.scale.high],
        },
    }
    clusters = corpus.facts.get("clusters", asked[0].card["clusters"])
    return Said(answered.predictions, utterances, clusters, {"sources": answered.absent}, card)
