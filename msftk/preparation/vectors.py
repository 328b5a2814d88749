"""Texts -> vectors, each text once whoever says it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from msftk.errors import MsftkError
from msftk.preparation.parts import Part
from msftk.store.keys import content_key
from msftk.store.shelf import Shelf
from msftk.types import Float32

BATCH = 32  # texts a forward pass


def text_key(text: str, span: tuple[int, int] | None = None) -> str:
    """The key of a text's vector, or of that of some of its characters: its content alone, whoever said it."""
    return content_key(text=text) if span is None else content_key(text=text, span=span)


def unknown_texts(texts: Iterable[str], shelf: Shelf) -> list[tuple[str, ...]]:
    """The texts whose vectors `shelf` does not hold, each once, in batches of like length."""
    missing = {key: text for text in dict.fromkeys(texts) if (key := text_key(text)) not in shelf}
    by_length = sorted(missing, key=lambda key: (len(missing[key]), key))
    return [
        tuple(missing[key] for key in by_length[first : first + BATCH]) for first in range(0, len(by_length), BATCH)
    ]


def encode(encoder: Part, texts: tuple[str, ...]) -> Float32:
    """Vectors [n, dim] of a batch.

    Raises MsftkError where the encoder returns another shape than it declares, or numbers that are not finite.
    """
    vectors = np.asarray(encoder.component.encode(list(texts)), dtype=np.float32)
    if vectors.shape != (len(texts), encoder.component.dim) or not np.isfinite(vectors).all():
        raise MsftkError(
            f"text encoder '{encoder.name}' returned shape {vectors.shape}, expected "
            f"({len(texts)}, {encoder.component.dim}) of finite numbers. Correct the plugin."
        )
    return vectors


def vector_dim(encoder: Part, shelf: Shelf) -> int:
    """Length of the encoder's vectors; a stored one tells it without loading the model."""
    for key in shelf.keys():  # noqa: SIM118, a shelf is no mapping
        stored = shelf.get(key)
        if stored is not None:
            return int(stored["vector"].shape[0])
    return int(encoder.component.dim)
