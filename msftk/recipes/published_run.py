"""A run folder of a published model: its weights, and what it says of a corpus, for all that takes a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from msftk.consent import Consent, consenting
from msftk.errors import InputError
from msftk.evaluation.predictions import Predictions
from msftk.files import check_folder
from msftk.models.threads import threads_for
from msftk.models.where import choose_where
from msftk.progress import ProgressCallback, part_of, silent
from msftk.recipes.ensemble import Ensemble
from msftk.recipes.sources import SELECTED_ON, PublishedSource, published_of
from msftk.runs.begin import manifest_fingerprint
from msftk.runs.folder import RunFolder
from msftk.runs.model import save_model
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import Manifest, read_manifest, write_manifest

TRAIN = "train"


@dataclass(frozen=True)
class PublishedRun:
    """The run folder that was made: split -> how many predictions it keeps; `failures`: id -> why it is left out."""

    run: Path
    splits: dict[str, int]
    failures: dict[str, str]
    licence: str


def published_run(
    name: str,
    manifest: Manifest | str | Path,
    out: str | Path,
    *,
    store: Store | str | Path | None = None,
    device: str = "auto",
    progress: ProgressCallback = silent,
    workers: int | None = None,
) -> PublishedRun:
    """Makes a finished run folder of a published model, with its predictions of every split but train.

    `compare`, `report` and the others take it as they take a run. Predictions are on the corpus' scale.

    Raises as `find_published`; InputError where `out` is there already or the corpus has no other split.
    """
    folder = RunFolder(Path(out))
    if folder.path.exists():
        raise InputError(f"{folder.path}: exists already. Choose another --out, or remove it.")
    corpus = manifest if isinstance(manifest, Manifest) else read_manifest(manifest)
    tested = [split for split in corpus.splits if split != TRAIN]
    if not tested:
        raise InputError("no split but train in this corpus: nothing would be kept. Name splits when you prepare it.")
    where, source = choose_where(device), PublishedSource(name)
    with consenting(Consent(download=True)):
        (model,) = source.models(where)
    check_folder(folder.path)
    place = store if isinstance(store, Store) else Store(default_store_path(store))
    ensemble = Ensemble((model,))
    preparations = ensemble.preparations(place, workers=workers)
    kept: dict[str, Predictions] = {}
    failures: dict[str, str] = {}
    for k, split in enumerate(tested):
        told = part_of(progress, k, len(tested), split)
        with threads_for(model.network):
            answered = ensemble.predict(
                corpus.split(split), preparations, scale=corpus.scale, by_sources=True, progress=told
            )
        failures |= answered.failures
        kept[split] = answered.predictions
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.write_settings(model.settings)
    write_manifest(corpus, folder.manifest_file)
    for split, predictions in kept.items():
        folder.write_predictions(split, predictions)
    facts = dict(corpus.facts)
    save_model(
        folder,
        model.network,
        scale=corpus.scale,
        source_dims={},
        source_groups={},
        corpus=source.card["corpus"],
        ratings="",
    )
    seen_dev = "dev" in tested and source.role(corpus, corpus.split("dev")) == SELECTED_ON
    folder.write_card(
        {
            **source.card,
            "corpus": corpus.corpus,
            "corpus_facts": facts,
            "manifest": manifest_fingerprint(corpus),
            "scale": [corpus.scale.low, corpus.scale.high],
            "clusters": facts.get("clusters") or "speaker",
            "speaker_overlap_allowed": False,
            "sources": {},
            "producers": {},
            "splits": {split: len(predictions) for split, predictions in kept.items()},
            "selection": {"by": "its publisher", "on_dev": seen_dev, "epoch": None},
            "missing": {split: {} for split in tested},
            "failures": failures,
            "acoustic_identity": source.card["model"]["weights"],
            "device": str(where.device),
        }
    )
    return PublishedRun(
        folder.path, {split: len(one) for split, one in kept.items()}, failures, published_of(model).licence
    )
