"""Writes a finished run as one ONNX file, with the card that tells how it is fed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from msftk.consent import Consent, consenting
from msftk.errors import InputError, MsftkError
from msftk.files import check_folder, json_text, unwritable, write_whole
from msftk.runs.graph import write_graph
from msftk.runs.model import load_models
from msftk.runs.model_card import SUFFIX, ModelCard, card_file, read_card, text_folder


@dataclass(frozen=True)
class Exported:
    """The files that were written, and the card as it stands in the second."""

    model: Path
    card_file: Path
    card: ModelCard


def export(
    run: str | Path,
    onnx: str | Path,
    value: str | None = None,
    *,
    trust_remote_code: bool = False,
    allow_download: bool = False,
) -> Exported:
    """Writes the model of `run` as `onnx`, and its card beside it (model.onnx, model.json), over an earlier export.

    Of a text encoder that needs torch, the folder model.text has what gives the same vectors without.

    Sound of any length and any number of recordings go in at once; what comes out is on the corpus' rating scale, and
    within 1e-4 of what `predict` says. A refitted run of folds is written as its refitted model.

    `value`: of the column that adapters learned by. `trust_remote_code`, `allow_download`: as in `predict`.

    Raises:
        InputError: another suffix than .onnx; something else that stands there; no such run, or one of several models;
            an encoder that cannot be exported; no such value.
        PackageMissingError: the extra "export" is not installed.
    """
    place = Path(onnx)
    if place.suffix != SUFFIX:
        raise InputError(f"{place}: expected a file that ends in {SUFFIX}.")
    check_folder(place.parent)
    _check_earlier(place)
    with consenting(Consent(trust_remote_code, allow_download)):
        models = load_models(Path(run))
        if len(models) > 1:
            raise InputError(
                f"{run}: a run of {len(models)} folds, each with its own model. Train with --refit for one model of "
                "all data, or give one fold: RUN/folds/NAME."
            )
        try:
            with TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent) as scratch:
                texts = text_folder(place)
                card = write_graph(models[0], Path(scratch) / place.name, Path(scratch) / texts.name, value)
                if card.text_folder:
                    shutil.rmtree(texts, ignore_errors=True)
                    (Path(scratch) / texts.name).replace(texts)
                write_whole(card_file(place), json_text(card.model_dump(mode="json"), indent=2) + "\n")
                (Path(scratch) / place.name).replace(place)
        except OSError as error:
            raise unwritable(place, error, "--onnx") from error
    return Exported(place, card_file(place), card)


def _check_earlier(place: Path) -> None:
    """Raises InputError where anything but an earlier export stands under one of the names."""
    there = [one for one in (place, card_file(place), text_folder(place)) if one.exists()]
    try:
        if there:
            read_card(place)
    except MsftkError as error:
        raise InputError(
            f"{there[0]}: is there, and belongs to no model that msftk export wrote. Choose another place with "
            "--onnx, or remove it."
        ) from error
