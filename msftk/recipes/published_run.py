"""A run folder of a published model: its weights, and what it says of a corpus, for all that takes a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from msftk.errors import InputError
from msftk.files import check_folder
from msftk.progress import ProgressCallback, part_of, silent
from msftk.recipes.published_on import PublishedOn
from msftk.runs.folder import RunFolder
from msftk.runs.model import save_model
from msftk.store.features import Store
from msftk.store.manifest import Manifest, read_manifest, write_manifest


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

    Raises as `PublishedOn`; InputError where `out` is there already.
    """
    folder = RunFolder(Path(out))
    if folder.path.exists():
        raise InputError(f"{folder.path}: exists already. Choose another --out, or remove it.")
    corpus = manifest if isinstance(manifest, Manifest) else read_manifest(manifest)
    said = PublishedOn(name, corpus, store, device, workers=workers)
    model, tested = said.model, said.kept_splits
    check_folder(folder.path)
    answers = {split: said.answered(split, part_of(progress, k, len(tested), split)) for k, split in enumerate(tested)}
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.write_settings(model.settings)
    write_manifest(corpus, folder.manifest_file)
    for split, answered in answers.items():
        folder.write_predictions(split, answered.predictions)
    card = said.read_card()
    save_model(
        folder,
        model.network,
        scale=corpus.scale,
        source_dims={},
        source_groups={},
        corpus=model.corpus,
        ratings="",
    )
    splits = {split: len(one.predictions) for split, one in answers.items()}
    failures = {one: why for answered in answers.values() for one, why in answered.failures.items()}
    folder.write_card({**card, "splits": splits, "failures": failures})
    return PublishedRun(folder.path, splits, failures, said.licence)
