"""Vectors of a part of a text: the tokens of the whole text are encoded once, and those of the part are pooled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from msftk.errors import MsftkError
from msftk.interfaces import TextEncoder, TokenVectors, Want
from msftk.preparation.components import Components
from msftk.preparation.parts import Part
from msftk.preparation.vectors import text_key
from msftk.types import Float32

Span = tuple[int, int]  # characters of a text: from, up to


@dataclass(frozen=True)
class EncodeTokens:
    """Puts the token vectors of a batch of texts into the store, as float16: they are many."""

    components: Components
    wants: ClassVar[Want] = "model"

    def __call__(self, texts: tuple[str, ...]) -> None:
        encoder, shelf = self.components.parts.encoder, self.components.token_shelf
        assert encoder is not None
        assert shelf is not None
        with shelf.claimed(*map(text_key, texts)):
            missing = [text for text in texts if text_key(text) not in shelf]
            for text, made in zip(missing, token_vectors(encoder, missing) if missing else (), strict=True):
                shelf.put(text_key(text), {"vectors": made.vectors.astype(np.float16), "spans": made.spans})


def pool_spans(components: Components, asked: Iterable[tuple[str, Span]]) -> None:
    """Puts the vector of each part of a text into the store, beside the vectors of whole texts."""
    encoder, shelf, tokens = components.parts.encoder, components.text_shelf, components.token_shelf
    assert encoder is not None
    assert shelf is not None
    assert tokens is not None
    for text, span in asked:
        stored = tokens.get(text_key(text))
        if stored is not None:
            vectors = stored["vectors"].astype(np.float32)
            shelf.put(text_key(text, span), {"vector": pooled(encoder.component, vectors, stored["spans"], span)})


def pooled(encoder: TextEncoder, vectors: Float32, spans: np.ndarray, span: Span) -> Float32:
    """[dim] of the tokens that share a character with `span`; where the encoder reads none of them, of all.

    `vectors` [tokens, dim], `spans` [tokens, 2].
    """
    inside = (spans[:, 0] < span[1]) & (spans[:, 1] > span[0])
    return encoder.pooled(vectors[inside] if inside.any() else vectors)


def token_vectors(encoder: Part, texts: Sequence[str]) -> list[TokenVectors]:
    """Raises MsftkError where the encoder returns other shapes than it declares, or numbers that are not finite."""
    made = list(encoder.component.tokens(texts))
    for one in made:
        shape = (len(one.spans), encoder.component.dim)
        if one.vectors.shape != shape or not (np.abs(one.vectors) <= np.finfo(np.float16).max).all():
            raise MsftkError(
                f"text encoder '{encoder.name}' returned token vectors of shape {one.vectors.shape}, expected {shape} "
                "of finite numbers below 65,504. Correct the plugin."
            )
    return made
