"""Words with times as JSON: what WhisperX and Whisper (with word timestamps) write, and Gentle, with phones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msftk.errors import InputError
from msftk.speech.alignment import make_tier
from msftk.speech.tiers import seconds
from msftk.types import Tier

POSITION = re.compile(r"_[BIES]$")  # Kaldi marks a phone by its place in the word: r_B eh_I d_E
Interval = tuple[float, float, str]


def word_tiers(path: Path, content: object) -> dict[str, Tier] | None:
    """The tiers "words" and, from Gentle, "phones"; None if `content` has no such words.

    {"segments": [{"words": [{"word", "start", "end"}]}]} or {"words": [{"word", "start", "end", "phones"}]}. A word
    that was not found in the audio has no times and is left out.

    Raises:
        InputError: an entry in another form.
    """
    listed = _listed(content)
    if listed is None:
        return None
    words: list[Interval] = []
    phones: list[Interval] = []
    for number, entry in enumerate(listed, 1):
        label, start, end = (
            (entry.get(name) for name in ("word", "start", "end")) if isinstance(entry, dict) else [None] * 3
        )
        if isinstance(label, str) and start is None and end is None:
            continue
        first, last = seconds(start), seconds(end)
        if first is None or last is None or not isinstance(label, str):
            raise InputError(
                f"{path}: word {number} is {json.dumps(entry, ensure_ascii=False)[:80]}, expected its word, start and "
                "end in seconds. Correct it, or align again."
            )
        words.append((first, last, label))
        phones += _phones(path, number, first, entry.get("phones"))
    tiers = {"words": words, "phones": phones} if phones else {"words": words}
    return {
        name: make_tier(*zip(*found, strict=True)) if found else make_tier((), (), ()) for name, found in tiers.items()
    }


def _listed(content: object) -> list[Any] | None:
    """All words in their order, wherever they stand."""
    if not isinstance(content, dict) or "tiers" in content:
        return None
    segments, words = content.get("segments"), content.get("words")
    if isinstance(segments, list):
        parts = [one.get("words") for one in segments if isinstance(one, dict)]
        if any(isinstance(part, list) for part in parts):
            return [word for part in parts if isinstance(part, list) for word in part]
    return words if isinstance(words, list) else None


def _phones(path: Path, number: int, start_s: float, phones: object) -> Iterator[Interval]:
    """Phones have durations and follow each other from the start of their word."""
    for phone in phones if isinstance(phones, list) else ():
        label, duration = (phone.get("phone"), phone.get("duration")) if isinstance(phone, dict) else (None, None)
        duration_s = seconds(duration)
        if duration_s is None or not isinstance(label, str):
            raise InputError(
                f"{path}: a phone of word {number} is {json.dumps(phone, ensure_ascii=False)[:80]}, expected its phone "
                "and duration in seconds. Correct it, or align again."
            )
        yield start_s, start_s + duration_s, POSITION.sub("", label)
        start_s += duration_s
