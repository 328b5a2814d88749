"""Reads a transformers speech encoder, or builds an empty one from the configuration that a checkpoint kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from msftk.errors import InputError
from msftk_plugins.text.folder import folder_digest


def load_pretrained(name: str, revision: str | None, trust_remote_code: bool) -> Any:
    """The model with its weights, float32.

    Raises InputError: no such model, no safetensors, no convolutional front end, weights missing.
    """
    from transformers import AutoModel

    try:
        with _quiet():
            model, info = AutoModel.from_pretrained(
                name,
                config=_config(name, name, revision, trust_remote_code),
                revision=revision or "main",
                trust_remote_code=trust_remote_code,
                use_safetensors=True,  # never a pickle
                dtype=torch.float32,
                output_loading_info=True,
            )
    except (OSError, ValueError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise InputError(
            f"acoustic.model '{name}' cannot be loaded: {first_line} Give a model id that can be downloaded, "
            "or a folder with config.json and model.safetensors."
        ) from error
    if missing := sorted(set(info["missing_keys"]) - {"masked_spec_embed"}):
        raise InputError(
            f"acoustic.model '{name}' lacks {len(missing)} weights of a {model.config.model_type} encoder, "
            f"first {missing[0]}. Give a model whose weights and config.json belong together."
        )
    return model


def model_identity(name: str, revision: str | None) -> dict[str, str]:
    """What was loaded under `name`: `model`, the hash of its files, and `revision`, the commit of a model id, or "".

    A branch or tag moves on and a folder's files may change; these do not.
    """
    folder, commit = Path(name), ""
    if not folder.is_dir():
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(name, "config.json", revision=revision or "main")
        if not isinstance(cached, str):  # e.g. a cache that another tool laid out: the name is all there is
            return {"model": name, "revision": revision or ""}
        folder = Path(cached).parent
        commit = folder.name  # the hub's cache keeps a commit in a folder of its name
    return {"model": f"sha256:{folder_digest(folder)}", "revision": commit}


def build_from_config(config: str, trust_remote_code: bool) -> Any:
    """The model that a checkpoint's configuration (JSON) describes, weights still to be filled in."""
    from transformers import AutoModel

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(config, encoding="utf-8")
        read = _config(folder, "of the checkpoint", None, trust_remote_code)
    return AutoModel.from_config(read, trust_remote_code=trust_remote_code, dtype=torch.float32)


@contextmanager
def _quiet() -> Iterator[None]:
    """Neither a bar nor a table of unused heads while a model loads; missing weights are reported in our words."""
    from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


def _config(source: str, name: str, revision: str | None, trust_remote_code: bool) -> Any:
    """The configuration at `source` with SpecAugment off; it must be of the kind with convolutions in front."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(source, revision=revision or "main", trust_remote_code=trust_remote_code)
    if not hasattr(config, "conv_kernel") or not hasattr(config, "feat_extract_norm"):
        raise InputError(
            f"acoustic.model '{name}' is of type {config.model_type}: expected a speech encoder with a "
            "convolutional front end, such as wavlm, wav2vec2 or hubert."
        )
    config.apply_spec_augment = False
    config.add_adapter = False  # it would shorten the frames, and `valid` counts the convolutions' frames
    return config
