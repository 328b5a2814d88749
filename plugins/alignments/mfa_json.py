"""Alignments as JSON: tiers of MFA and praatio, words of WhisperX, Whisper and Gentle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from msftk import interfaces
from msftk.errors import InputError
from msftk.files import read_json
from msftk.speech.alignment import make_tier
from msftk.speech.tiers import TierOptions, seconds, tier_alignment
from msftk.types import Alignment, Tier
from msftk_plugins.alignments.json_words import word_tiers


class MfaJson(interfaces.AlignmentReader):
    """Reads {"tiers": {"words": {"type": "interval", "entries": [[start, end, label], ...]}, "phones": ...}}.

    `tiers` may also be a list, each with its "name" and "class" (praatio). Times are seconds; gaps are silence. What
    WhisperX, Whisper and Gentle write (`json_words.py`) is read too.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".json",)
    Options = TierOptions

    def __init__(self, options: TierOptions) -> None:
        self.options = options

    def read(self, path: Path, utterance_id: str | None = None) -> Alignment:
        return tier_alignment(path, read_json_tiers(path), self.options)


def read_json_tiers(path: Path) -> dict[str, Tier]:
    """Interval tiers by name, in file order.

    Raises:
        InputError: no JSON (file:line), no tiers, or an entry that is not [start, end, label].
    """
    content = read_json(path, "Write the file again.")
    words: dict[str, Tier] | None = word_tiers(path, content)
    if words is not None:
        return words
    tiers = content.get("tiers") if isinstance(content, dict) else None
    named = tiers.items() if isinstance(tiers, dict) else [(t.get("name"), t) for t in _tables(tiers)]
    intervals = {str(name): tier for name, tier in named if _is_interval(tier)}
    if not intervals:
        raise InputError(
            f'{path}: neither "tiers" of intervals (MFA --output_format json) nor "segments" or "words" (WhisperX, '
            "Gentle), so not an alignment. Give another file."
        )
    return {name: _tier(path, name, tier["entries"]) for name, tier in intervals.items()}


def _tables(tiers: object) -> list[dict[str, Any]]:
    return [tier for tier in tiers if isinstance(tier, dict)] if isinstance(tiers, list) else []


def _is_interval(tier: object) -> bool:
    return (
        isinstance(tier, dict)
        and isinstance(tier.get("entries"), list)
        and str(tier.get("type") or tier.get("class")).lower().startswith("interval")
    )


def _tier(path: Path, name: str, entries: list[Any]) -> Tier:
    start_s, end_s, labels = [], [], []
    for number, entry in enumerate(entries, 1):
        start, end, label = entry if isinstance(entry, list) and len(entry) == 3 else (None, None, None)
        first, last = seconds(start), seconds(end)
        if first is None or last is None or not isinstance(label, str):
            raise InputError(
                f"{path}: entry {number} of tier '{name}' is {json.dumps(entry, ensure_ascii=False)[:80]}, expected "
                "[start, end, label] in seconds. Correct the entry, or align again."
            )
        start_s.append(first)
        end_s.append(last)
        labels.append(label)
    return make_tier(start_s, end_s, labels)
