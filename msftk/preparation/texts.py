"""What each source answers about an utterance: its text, or its vector, from the store or made now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from msftk.errors import AbsentError, MsftkError
from msftk.preparation.material import Material
from msftk.preparation.outcomes import FOUND, MADE
from msftk.preparation.parts import Part

NOTHING = "nothing to say"  # the source was asked and returned None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source gave: a text, or the key of a vector it made itself; or the reason why neither."""

    text: str | None = None
    vector_key: str | None = None
    reason: str | None = None


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
        return Answer(text=row["text"]) if row["text"] else Answer(reason=NOTHING)
    except AbsentError as absent:
        return Answer(reason=str(absent))


def _text(part: Part, material: Material, key: str) -> dict[str, str | None]:
    text = (part.component.text(material.evidence(part)) or "").strip()
    row = {"text": text or None}
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
