"""What each source answers about an utterance: its text, or its vector, from the store or made now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from msftk.errors import AbsentError, MsftkError
from msftk.preparation.material import Material
from msftk.preparation.outcomes import FOUND, MADE
from msftk.preparation.parts import Part
from msftk.preparation.vectors import text_key

NOTHING = "nothing to say"  # the source was asked and returned None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source gave: a text, or the key of a vector it made itself; or the reason why neither.

    `span`: the characters of the text that are meant, None: all.
    """

    text: str | None = None
    vector_key: str | None = None
    reason: str | None = None
    span: tuple[int, int] | None = None

    @property
    def key(self) -> str:
        """Of its vector."""
        return self.vector_key or text_key(self.text or "", self.span)


def ask(part: Part, material: Material) -> Answer:
    """Asks one source about one utterance; what the store knows is not made again.

    Raises InputError where the utterance's audio cannot be used.
    """
    try:
        key = material.key(part)
        if part.name in material.shelves.vectors:
            return _vector(part, material, key)
        log = material.shelves.texts[part.name]
        row = log.get(key)
        if row is None:
            with log.claimed(key):
                row = log.get(key) or _text(part, material, key)
        material.outcomes.setdefault(part.name, FOUND)
        if not row["text"]:
            return Answer(reason=NOTHING)
        return Answer(text=row["text"], span=tuple(row["span"]) if "span" in row else None)
    except AbsentError as absent:
        return Answer(reason=str(absent))


def _text(part: Part, material: Material, key: str) -> dict[str, Any]:
    evidence = material.evidence(part)
    text = part.component.text(evidence) or ""
    row: dict[str, Any] = {"text": text.strip() or None}
    if row["text"] and part.component.means_a_part:
        row = {"text": text, "span": part.component.span(evidence)}
    material.outcomes[part.name] = MADE
    material.shelves.texts[part.name].put(key, row)
    return row


def _vector(part: Part, material: Material, key: str) -> Answer:
    shelf = material.shelves.vectors[part.name]
    if key in shelf:
        return _found(part, material, key)
    with shelf.claimed(key):
        if key in shelf:
            return _found(part, material, key)
        vector = part.component.vector(material.evidence(part))
        if vector is None:
            return Answer(reason=NOTHING)
        vector = np.asarray(vector, dtype=np.float32)
        if vector.shape != (part.component.dim,) or not np.isfinite(vector).all():
            raise MsftkError(
                f"semantic source '{part.name}' gave {material.utterance.id} a vector of shape {vector.shape}, "
                f"expected ({part.component.dim},) of finite numbers. Correct the plugin."
            )
        shelf.put(key, {"vector": vector})
        material.outcomes[part.name] = MADE
        return Answer(vector_key=key)


def _found(part: Part, material: Material, key: str) -> Answer:
    material.outcomes[part.name] = FOUND
    return Answer(vector_key=key)
