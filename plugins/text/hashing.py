"""Hashed words: a text encoder without a model, and without meaning."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import Field

from msftk import interfaces
from msftk.interfaces import TokenVectors
from msftk.types import Float32, Float64

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
                place, sign = self._bin(word)
                row[place] += sign
        return of_length_one(vectors)

    def tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """A word is a token, and the same in every sentence."""
        return [self._words(text) for text in texts]

    def pooled(self, vectors: Float32) -> Float32:
        return of_length_one(vectors.sum(0, dtype=np.float64))

    def _words(self, text: str) -> TokenVectors:
        found = list(WORDS.finditer(text))
        vectors = np.zeros((len(found), self.dim), dtype=np.float32)
        for row, word in zip(vectors, found, strict=True):
            place, sign = self._bin(word[0].lower())
            row[place] = sign
        return TokenVectors(vectors, np.array([word.span() for word in found], np.int32).reshape(-1, 2))

    def _bin(self, word: str) -> tuple[int, float]:
        """Its place and sign."""
        # Not hash(): that differs from one process to the next.
        code = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
        return (code >> 1) % self.dim, 1.0 if code & 1 else -1.0

    def identity(self) -> Mapping[str, str]:
        return {}


def of_length_one(vectors: Float64) -> Float32:
    """[..., dim]; zero stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    normalised: Float32 = np.divide(vectors, norms, out=vectors.copy(), where=norms > 0).astype(np.float32)
    return normalised
