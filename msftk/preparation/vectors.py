"""Texts -> vectors, each text once whoever says it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from msftk.errors import MsftkError
from msftk.preparation.parts import Part
from msftk.progress import Progress, ProgressCallback, silent
from msftk.store.features import Shelf
from msftk.store.keys import content_key

BATCH = 32  # texts a forward pass; a shard is written a batch, so an interruption costs one


def text_key(text: str) -> str:
    """The key of a text's vector: its content alone, whoever said it."""
    return content_key(text=text)


def encode_texts(texts: Iterable[str], encoder: Part, shelf: Shelf, progress: ProgressCallback = silent) -> None:
    """Fills `shelf` with the vector of every text that it does not hold, in batches of like length.

    Raises MsftkError where the encoder returns another shape than it declares, or numbers that are not finite.
    """
    missing = {key: text for text in texts if (key := text_key(text)) not in shelf}
    by_length = sorted(missing, key=lambda key: (len(missing[key]), key))
    for first in range(0, len(by_length), BATCH):
        keys = by_length[first : first + BATCH]
        vectors = np.asarray(encoder.component.encode([missing[key] for key in keys]), dtype=np.float32)
        if vectors.shape != (len(keys), encoder.component.dim) or not np.isfinite(vectors).all():
            raise MsftkError(
                f"text encoder '{encoder.name}' returned shape {vectors.shape}, expected "
                f"({len(keys)}, {encoder.component.dim}) of finite numbers. Correct the plugin."
            )
        for key, vector in zip(keys, vectors, strict=True):
            shelf.put(key, {"vector": vector})
        progress(Progress("encode texts", first + len(keys), len(by_length)))
    shelf.flush()


def vector_dim(encoder: Part, shelf: Shelf) -> int:
    """Length of the encoder's vectors; a stored one tells it without loading the model."""
    for key in shelf.keys():  # noqa: SIM118, a shelf is no mapping
        stored = shelf.get(key)
        if stored is not None:
            return int(stored["vector"].shape[0])
    return int(encoder.component.dim)
