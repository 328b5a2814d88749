"""Hashed words: a text encoder without a model, and without meaning."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import Field

from msftk import interfaces
from msftk.types import Float32

WORDS = re.compile(r"\w+(?:'\w+)*")


class Hashing(interfaces.TextEncoder):
    """Counts of words in `dim` signed hash bins, L2-normalised: a control that knows words and no meaning.

    Case and punctuation do not count; a text without a word is the zero vector.
    """

    class Options(interfaces.Options):
        dim: int = Field(256, ge=2, le=65_536, description="bins, the length of the vector")

    def __init__(self, options: Hashing.Options) -> None:
        self.dim = options.dim

    def encode(self, texts: Sequence[str]) -> Float32:
        """[n, dim] float32, rows of length one (or zero)."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float64)
        for row, text in zip(vectors, texts, strict=True):
            for word in WORDS.findall(text.lower()):
                # Not hash(): that differs from one process to the next.
                code = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
                row[(code >> 1) % self.dim] += 1.0 if code & 1 else -1.0
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, norms, out=vectors, where=norms > 0)
        return vectors.astype(np.float32)

    def identity(self) -> Mapping[str, str]:
        return {}
