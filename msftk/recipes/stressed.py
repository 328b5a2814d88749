"""Words of an utterance with the stressed ones told apart, and what was predicted and rated of it."""

from __future__ import annotations

from typing import Any

from msftk.errors import MsftkError
from msftk.evaluation.predictions import Predictions
from msftk.recipes.emphasis import Recording, emphasise_utterance
from msftk.settings import Settings
from msftk.store.features import Store
from msftk.types import ATTRIBUTES, Utterance


def recording_of(utterance: Utterance, settings: Settings, store: Store) -> Recording | None:
    """Its emphasis; None where it has no alignment, or its audio has moved."""
    try:
        return emphasise_utterance(utterance, settings, store)
    except (MsftkError, OSError):
        return None


def words_of(utterance: Utterance, recording: Recording | None) -> dict[str, Any]:
    """The sentence before, in and after the emphasis segment, and the place of the top word in it.

    Without emphasis the transcript stands before it, and the segment is empty.

    >>> words_of(Utterance("a", None, transcript="so what"), None)
    {'before': ['so', 'what'], 'segment': [], 'after': [], 'top': None}
    """
    if recording is None:
        return {"before": (utterance.transcript or "").split(), "segment": [], "after": [], "top": None}
    found = recording.emphasis
    words, first, end = list(found.prosody.words), found.first, found.last + 1
    return {"before": words[:first], "segment": words[first:end], "after": words[end:], "top": found.top - first}


def beside_rating(utterance: Utterance, predictions: Predictions, row: int) -> dict[str, dict[str, float | None]]:
    """What is predicted in `row`, and rated, by attribute."""
    rated = utterance.ratings or {}
    return {
        "predicted": dict(zip(ATTRIBUTES, predictions.values[row].tolist(), strict=True)),
        "rated": {attribute: rated.get(attribute) for attribute in ATTRIBUTES},
    }
