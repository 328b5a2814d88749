"""Whether a model that is named by its id may be fetched, and can be: asked once instead of waiting for retries."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from msftk.consent import consent
from msftk.errors import InputError
from msftk.files import read_json_object

MODEL_ID = re.compile(r"[\w.-]+/[\w.-]+")
ANSWER_S = 3.0  # within which the hub must take a connection
SWITCHES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
YES = ("1", "on", "yes", "true")  # as huggingface_hub reads them, in any case


def why_not_fetched(model: str) -> str:
    """Why the model `model` cannot be fetched now, and what to do, in a sentence or two; "" where it can be."""
    if not consent().download:
        return f"this call may not fetch it. Give --allow-download, or fetch it yourself (hf download {model})."
    elsewhere = f"Fetch it where there is a network (hf download {model}), or name a folder."
    if switch := next((name for name in SWITCHES if os.environ.get(name, "").lower() in YES), None):
        return f"{switch} is set. {elsewhere}"
    hub = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    if hub.scheme in getproxies():  # the proxy knows
        return ""
    try:
        socket.create_connection((hub.hostname or "", hub.port or 443), timeout=ANSWER_S).close()
    except OSError as error:
        return f"{hub.hostname} does not answer ({error.strerror or error}). {elsewhere}"
    return ""


def is_local(model: str) -> bool:
    """Whether `model` is read from its folder or the cache alone, without the network."""
    return Path(model).is_dir() or bool(why_not_fetched(model))


def indexed_files(folder: Path) -> list[Path]:
    """The files that the index of a model in parts names; none where there is no index.

    Raises InputError for an index that is none.
    """
    index, remedy = folder / "model.safetensors.index.json", "Fetch it anew."
    if not index.is_file():
        return []
    named = read_json_object(index, remedy).get("weight_map")
    if not isinstance(named, dict) or not all(isinstance(name, str) for name in named.values()):
        raise InputError(f"{index}: no weight_map of names in it. {remedy}")
    return [folder / Path(name).name for name in sorted(set(named.values()))]


def snapshot(
    model: str,
    patterns: Sequence[str],
    needed: Sequence[str],
    *,
    revision: str | None = None,
    what: str = "model",
    otherwise: str = "",
) -> Path:
    """The folder of model id `model` in the Hugging Face cache, its files of `patterns` fetched where one of each of
    those `needed` is not there. `what` it is called; `otherwise`: what works without it, a sentence.

    Raises InputError where they are not, and cannot or may not be fetched; ValueError where it is no model id.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(model, revision=revision, local_files_only=True))
        if all(any(folder.glob(one)) for one in needed) and all(path.is_file() for path in indexed_files(folder)):
            return folder
    except LocalEntryNotFoundError:
        pass
    if reason := why_not_fetched(model):
        raise InputError(f"{what} '{model}' is not in the Hugging Face cache, and {reason} {otherwise}".rstrip())
    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=list(patterns)))
    except Exception as error:  # no such model, gated, a full disk: the hub raises many kinds
        told = (str(error).strip() or type(error).__name__).splitlines()[0]
        remedy = f"Fetch it yourself (hf download {model}), or name another, or a folder. {otherwise}".rstrip()
        raise InputError(
            f"{what} '{model}' is not in the Hugging Face cache and cannot be fetched: {told} {remedy}"
        ) from error
