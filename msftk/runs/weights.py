"""Named tensors on the disk: safetensors, written whole or not at all, never a pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from msftk.counting import counted
from msftk.errors import InputError
from msftk.files import write_whole
from msftk.models.own import Whole, load_own_state
from msftk.runs.folder import ANEW, FORMAT_VERSION, refuse_version


def write_tensors(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any] | None = None) -> None:
    """Writes tensors, and in the metadata what they belong to. Those that share memory are written each on its own."""
    seen: set[int] = set()
    plain = {}
    for name, tensor in tensors.items():
        pointer = tensor.untyped_storage().data_ptr()
        plain[name] = tensor.detach().cpu().clone() if pointer in seen else tensor.detach().cpu().contiguous()
        seen.add(pointer)
    metadata = {"msftk": json.dumps({"format_version": FORMAT_VERSION, **(about or {})})}
    write_whole(path, save(plain, metadata))


def read_tensors(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What they belong to, and the tensors by name.

    Raises:
        InputError: the file is cut off or no safetensors, or a number in it is not finite.
        VersionError: another format version.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["msftk"])
            tensors = {_today(name): file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            version = about.get("format_version")
    except (SafetensorError, OSError, KeyError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read as weights of msftk ({error}). {ANEW}") from error
    if version != FORMAT_VERSION:
        refuse_version(path, version, FORMAT_VERSION)
    return about, tensors


def _today(name: str) -> str:
    """A tensor's name; the one head of earlier runs is that of valence, arousal and dominance."""
    return f"heads.vad.{name.removeprefix('head.')}" if name.startswith("head.") else name


def load_weights(network: Whole, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Puts weights read from `path` into the network. Raises InputError where they do not fit it, or are not finite."""
    if broken := [name for name, tensor in tensors.items() if not bool(tensor.isfinite().all())]:
        found = counted(len(broken), "weight is no finite number", "weights are not finite numbers")
        raise InputError(f"{path}: {found}, first {broken[0]}. {ANEW}")
    try:
        load_own_state(network, tensors)
    except RuntimeError as error:
        raise InputError(
            f"{path}: its weights do not fit the network of settings.toml beside it ({_first_problem(error)}). "
            "Restore the settings that it was trained with, or train again."
        ) from error


def tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    """Hash of named tensors, e.g. of a fitted normalisation."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _first_problem(error: RuntimeError) -> str:
    lines = [line.strip() for line in str(error).splitlines()[1:]]
    return lines[0].rstrip(".") if lines else str(error)
