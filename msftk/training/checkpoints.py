"""What a run keeps of a network: model.safetensors with what is needed to rebuild it, and never a pickle."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from msftk.errors import InputError, VersionError
from msftk.models.network import SerNetwork
from msftk.settings import FORMAT_VERSION as SETTINGS_VERSION
from msftk.settings import Settings, check_settings, read_toml, settings_toml
from msftk.types import ATTRIBUTES, RatingScale

FORMAT_VERSION = 1
MODEL, SETTINGS, PROTOCOL, MANIFEST = "model.safetensors", "settings.toml", "protocol.json", "manifest.parquet"
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".joblib")


@dataclass(frozen=True)
class Model:
    """A trained network with what prediction needs beside it, rebuilt from a run folder."""

    network: SerNetwork
    settings: Settings
    scale: RatingScale
    source_dims: dict[str, int]
    source_groups: dict[str, str]
    corpus: str
    ratings: str  # a warning such as "planted on synthetic speech", or ""


def save_model(
    path: Path,
    network: SerNetwork,
    *,
    scale: RatingScale,
    source_dims: Mapping[str, int],
    source_groups: Mapping[str, str],
    corpus: str,
    ratings: str,
) -> None:
    """Writes weights and buffers (so the fitted normalisation too), and in the metadata what they belong to."""
    about = {
        "format_version": FORMAT_VERSION,
        "attributes": ATTRIBUTES,
        "scale": [scale.low, scale.high],
        "source_dims": dict(source_dims),
        "source_groups": dict(source_groups),
        "acoustic_config": network.acoustic_config,
        "corpus": corpus,
        "ratings": ratings,
    }
    write_tensors(path, network.state_dict(), {"msftk": json.dumps(about)})


def load_model(run: Path, device: str | torch.device = "cpu") -> Model:
    """Rebuilds the network of a finished run (or of one fold of it) in evaluation mode.

    Raises:
        InputError: no run, an unfinished run, a run of folds, a pickle, weights that do not fit the settings.
        VersionError: settings or weights of another format version.
    """
    check_finished(run)
    path = run / MODEL
    if not path.is_file():
        if (run / "folds").is_dir():
            names = ", ".join(sorted(fold.name for fold in (run / "folds").iterdir()))
            raise InputError(
                f"{run}: a run of folds, each with its own model. Give one of them: {run}/folds/NAME ({names})."
            )
        refuse_pickles(run)
        raise InputError(f"{run}: no {MODEL}. Train again into a new folder.")
    settings = load_run_settings(run)
    about, state = read_tensors(path)
    scale = RatingScale(*about["scale"])
    network = SerNetwork(
        settings, about["source_dims"], about["source_groups"], acoustic_config=about["acoustic_config"]
    )
    load_state(network, state, path)
    network.to(device).eval()
    return Model(
        network, settings, scale, about["source_dims"], about["source_groups"], about["corpus"], about["ratings"]
    )


def load_state(network: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Puts weights read from `path` into the network. Raises InputError where they do not fit it."""
    try:
        network.load_state_dict(dict(state))
    except RuntimeError as error:
        raise InputError(
            f"{path}: its weights do not fit the network of {SETTINGS} beside it ({_first_problem(error)}). "
            "Restore the settings that it was trained with, or train again."
        ) from error


def save_run_settings(run: Path, settings: Settings) -> None:
    """Writes settings.toml, which `load_run_settings` reads back."""
    write_text(run / SETTINGS, settings_toml(settings))


def load_run_settings(run: Path) -> Settings:
    """Raises VersionError for settings of another format version."""
    values = read_toml(run / SETTINGS)
    version = values.get("format_version")
    if version != SETTINGS_VERSION:
        raise VersionError(
            f"{run / SETTINGS}: format version {version}, expected {SETTINGS_VERSION}. "
            "Use the msftk that wrote the run, or train again."
        )
    return check_settings(values)


def read_protocol(run: Path) -> dict[str, Any]:
    """The protocol card of a finished run. Raises VersionError for another format version."""
    check_finished(run)
    path = run / PROTOCOL
    try:
        protocol: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}). Train again into a new folder.") from error
    if protocol.get("format_version") != FORMAT_VERSION:
        raise VersionError(
            f"{path}: format version {protocol.get('format_version')}, expected {FORMAT_VERSION}. "
            "Use the msftk that wrote the run, or train again."
        )
    return protocol


def check_finished(run: Path) -> None:
    """Raises InputError unless `run` is a folder whose training ended; protocol.json is written last."""
    if run.is_file():
        refuse_pickle(run)
        raise InputError(f"{run}: a file, expected a run folder. Give the folder that `msftk train --out` wrote.")
    if not run.is_dir():
        raise InputError(f"{run}: no such run folder. Make one with `msftk train --out {run}`.")
    if (run / PROTOCOL).is_file():
        return
    if not (run / SETTINGS).is_file():
        refuse_pickles(run)
        raise InputError(f"{run}: not a run folder (no {SETTINGS}). Give the folder that `msftk train --out` wrote.")
    raise InputError(
        f"{run}: the run is not finished. Resume it with the command that began it, msftk train ... --out {run}."
    )


def refuse_pickles(run: Path) -> None:
    """Raises InputError if the run folder holds a pickle."""
    for path in sorted(run.iterdir()):
        refuse_pickle(path)


def refuse_pickle(path: Path) -> None:
    """Raises InputError for a file that pickle would open: reading one can run any code."""
    if path.suffix in PICKLES:
        raise InputError(
            f"{path}: a pickle checkpoint, which can run code when it is read; it is not opened. "
            f"Give a run folder with {MODEL}, as `msftk train` writes it."
        )


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """A safetensors file, whole or not at all. Tensors that share memory are written each on its own."""
    seen: set[int] = set()
    plain = {}
    for name, tensor in tensors.items():
        pointer = tensor.untyped_storage().data_ptr()
        plain[name] = tensor.detach().cpu().clone() if pointer in seen else tensor.detach().cpu().contiguous()
        seen.add(pointer)
    partial = path.with_name(path.name + ".partial")
    save_file(plain, partial, dict(metadata))
    _replace(partial, path)


def read_tensors(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Metadata and tensors. Raises InputError for a file that is cut off or no safetensors, VersionError."""
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["msftk"])
            if about.get("format_version") != FORMAT_VERSION:
                raise VersionError(
                    f"{path}: format version {about.get('format_version')}, expected {FORMAT_VERSION}. "
                    "Use the msftk that wrote it, or train again."
                )
            return about, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be read as weights of msftk ({error}). Train again into a new folder."
        ) from error


def write_text(path: Path, text: str) -> None:
    """A text file, whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    _replace(partial, path)


def tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    """Hash of named tensors, e.g. of a fitted normalisation."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _replace(partial: Path, path: Path) -> None:
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(partial, path)


def _first_problem(error: RuntimeError) -> str:
    lines = [line.strip() for line in str(error).splitlines()[1:]]
    return lines[0].rstrip(".") if lines else str(error)
