"""Whether a model that is named by its id may be fetched, and can be: asked once instead of waiting for retries."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from msftk.consent import consent

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
