"""Writes a finished run as one ONNX file, with the card that tells how it is fed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from msftk.consent import Consent, consenting
from msftk.errors import InputError, MsftkError
from msftk.files import check_folder, json_text, unwritable, write_whole
from msftk.runs.graph import write_graph
from msftk.runs.imported import load_published
from msftk.runs.model import Model, load_models
from msftk.runs.model_card import SUFFIX, ModelCard, card_file, read_card, text_folder, weights_file


@dataclass(frozen=True)
class Exported:
    """The files that were written, and the card as it stands in the second."""

    model: Path
    card_file: Path
    card: ModelCard

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them; a text encoder is a folder."""
        beside = (weights_file(self.model), text_folder(self.model))
        return (self.model, self.card_file, *(one for one in beside if one.exists()))

    @property
    def n_bytes(self) -> int:
        """Of the graph with its weights."""
        return sum(file.stat().st_size for file in (self.model, weights_file(self.model)) if file.exists())


def export(
    run: str | Path | None,
    onnx: str | Path,
    value: str | None = None,
    *,
    model: str | None = None,
    trust_remote_code: bool = False,
    allow_download: bool = False,
) -> Exported:
    """Writes the model of `run` as `onnx`, and its card beside it (model.onnx, model.json), over an earlier export.

    `model` instead of a run: a published model, by name, hub id or folder. Weights of more than 1.5 GB are a file
    beside (model.onnx.data). Of a text encoder that needs torch, the folder model.text has what gives the same vectors
    without.

    Sound of any length and any number of recordings go in at once; what comes out is on the corpus' rating scale, and
    within 1e-4 of what `predict` says. A run of folds is written as its refitted model, without one as the mean of its
    folds' models, all of them in one file.

    `value`: of the column that adapters learned by. `trust_remote_code`, `allow_download`: as in `predict`.

    Raises:
        InputError: another suffix than .onnx; something else that stands there; no such run or model, or both given;
            an encoder that cannot be exported; no such value; folds of different classes.
        PackageMissingError: the extra "export" is not installed.
    """
    place = Path(onnx)
    if place.suffix != SUFFIX:
        raise InputError(f"{place}: expected a file that ends in {SUFFIX}.")
    check_folder(place.parent, "--onnx")
    _check_earlier(place)
    with consenting(Consent(trust_remote_code, allow_download or model is not None)):
        models = _models(run, model)
        try:
            with TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent) as scratch:
                texts, made = text_folder(place), Path(scratch) / place.name
                card = write_graph(models, made, Path(scratch) / texts.name, value)
                if card.text_folder:
                    shutil.rmtree(texts, ignore_errors=True)
                    (Path(scratch) / texts.name).replace(texts)
                weights_file(place).unlink(missing_ok=True)
                if card.weights_sha256:
                    weights_file(made).replace(weights_file(place))
                write_whole(card_file(place), json_text(card.model_dump(mode="json"), indent=2) + "\n")
                made.replace(place)
        except OSError as error:
            raise unwritable(place, error, "--onnx") from error
    return Exported(place, card_file(place), card)


def _models(run: str | Path | None, model: str | None) -> Sequence[Model]:
    if run is not None and model is not None:
        raise InputError(f"--model {model}: beside run {run}. Export one of them at a time.")
    if model is not None:
        return (load_published(model),)
    if run is None:
        raise InputError(
            "nothing to export. Name the folder that `msftk train --out` wrote, or a model by --model NAME."
        )
    return load_models(Path(run))


def _check_earlier(place: Path) -> None:
    """Raises InputError where anything but an earlier export stands under one of the names."""
    there = [one for one in (place, card_file(place), text_folder(place), weights_file(place)) if one.exists()]
    try:
        if there:
            read_card(place)
    except MsftkError as error:
        raise InputError(
            f"{there[0]}: is there, and belongs to no model that msftk export wrote. Choose another place with "
            "--onnx, or remove it."
        ) from error
