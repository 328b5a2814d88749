"""A transformers model that a plugin names, by id or by folder: where it lies, whether it may be read, and its hash."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msftk.consent import SWITCH
from msftk.errors import InputError
from msftk.files import sha256_file
from msftk.hub import snapshot

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
READ = (
    "*.safetensors",
    "*.json",
    "*.jinja",
    "*.txt",
    "*.model",
    "*.py",
)  # what changes results: weights, configuration, tokenizer, the form of a chat

NEEDED = ("*.safetensors", "config.json")  # without which a snapshot was fetched in part


def model_folder(model: str, revision: str | None, section: str, otherwise: str = "") -> Path:
    """The folder that holds `model`: the one named, or a snapshot in the Hugging Face cache, fetched if need be.

    `section` of the settings names it (`text.model`); `otherwise`: what works without it, a sentence.

    Raises InputError where there is neither.
    """
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub.errors import HFValidationError

    try:
        return snapshot(model, READ, NEEDED, revision=revision, what=f"{section} model", otherwise=otherwise)
    except HFValidationError as error:
        raise InputError(f"{section}.model is '{model}': no such folder, and no model id (owner/name).") from error


def check_weights(folder: Path) -> None:
    """Raises InputError where `folder` holds no config.json, or weights only as pickles, which can run any code."""
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder}: no config.json there. Give a folder that transformers' save_pretrained() wrote.")
    if any(folder.glob("*.safetensors")):
        return
    pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if pickles:
        raise InputError(
            f"{folder}: weights only as a pickle ({', '.join(pickles)}), which can run any code when it is read; "
            "msftk reads model.safetensors. Where you trust the file, convert it: "
            "AutoModel.from_pretrained(FOLDER).save_pretrained(FOLDER)."
        )
    raise InputError(
        f"{folder}: no weights there, expected model.safetensors (pickles are not read). Choose a model that has it."
    )


def folder_digest(folder: Path) -> str:
    """Hash of everything in a model's folder that changes its results; its place does not count."""
    files = sorted({path.name for pattern in READ for path in folder.glob(pattern)})
    content = json.dumps([(name, sha256_file(folder / name)) for name in files])
    return hashlib.sha256(content.encode()).hexdigest()


def best_precision() -> str:
    """bfloat16 where there is a GPU that computes in it."""
    import torch

    has_it = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    return "bfloat16" if has_it else "float32"


def loaded(folder: Path, what: str, load: Callable[[], Any]) -> Any:
    """What `load` reads out of `folder`, without a word of transformers' own.

    Raises InputError where it cannot: it is not `what`, e.g. "a text encoder".
    """
    try:
        with quiet():
            return load()
    except Exception as error:  # transformers raises anything, from KeyError to its own
        if SWITCH in str(error):
            raise InputError(
                f"{folder}: a model that comes with Python code, which does not run by itself. Read that code, and "
                "where you trust it give --trust-remote-code."
            ) from error
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"{folder}: not {what} that transformers can load: {reason} "
            "Give a folder with config.json, model.safetensors and the tokenizer's files."
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Neither a bar nor a table of unused heads while a model loads; missing weights are reported in our words."""
    from transformers.utils import logging as transformers_logging

    logging: Any = transformers_logging
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
