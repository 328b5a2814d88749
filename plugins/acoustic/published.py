"""The speech encoder inside a published model, where `acoustic.model` names one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from msftk.errors import InputError
from msftk.interfaces import Imported
from msftk.runs.imported import read_published
from msftk.runs.published import find_published, is_published

PLACE = "acoustic."  # of an encoder in a network
FITTED = {"layer_logits", "mean", "sd"}  # what not every model has beside its encoder


def published_encoder(name: str) -> Imported | None:
    """What a layout reads of the published model of that name, hub id or folder; None where it is none.

    Raises as `find_published`; InputError where its encoder is not one of transformers.
    """
    if not is_published(name):
        return None
    _, imported = read_published(name)
    if imported.acoustic_config is None:
        kind = imported.sections["acoustic"]["name"]
        raise InputError(f"acoustic.model '{name}' has an encoder of its own. Use --set acoustic.name={kind}.")
    return imported


def published_folder(name: str) -> Path | None:
    """Where the published model of that name, hub id or folder lies; None where it is none."""
    return find_published(name).folder if is_published(name) else None


def fill(encoder: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Gives the encoder the published tensors that it has places for. Raises InputError where some are missing."""
    own = {name.removeprefix(PLACE): tensor for name, tensor in tensors.items() if name.startswith(PLACE)}
    places = encoder.state_dict()
    missing = [name for name in places if name not in own and name not in FITTED]
    if missing:
        raise InputError(f"acoustic.model lacks {missing[0]} of its own encoder. Fetch it anew.")
    encoder.load_state_dict({name: tensor for name, tensor in own.items() if name in places}, strict=False)
