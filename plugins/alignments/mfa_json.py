"""Tiers as JSON: what the Montreal Forced Aligner writes with --output_format json, and praatio's TextGrid in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from msftk import interfaces
from msftk.errors import InputError
from msftk.speech.alignment import make_alignment, make_tier
from msftk.speech.tiers import PHONE_FLAG, WORD_FLAG, choose_tier, read_text
from msftk.types import Alignment, Tier


class MfaJson(interfaces.AlignmentReader):
    """Reads {"tiers": {"words": {"type": "interval", "entries": [[start, end, label], ...]}, "phones": ...}}.

    `tiers` may also be a list, each with its "name" and "class" (praatio). Times are seconds; gaps are silence.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    class Options(interfaces.Options):
        word_tier: str = Field("words", description="name of the tier of words")
        phone_tier: str = Field("phones", description='name of the tier of phones, "" if the file has none')

    def __init__(self, options: MfaJson.Options) -> None:
        self.options = options

    def read(self, path: Path, utterance_id: str | None = None) -> Alignment:
        tiers = read_json_tiers(path)
        words = choose_tier(path, tiers, self.options.word_tier, WORD_FLAG)
        named = self.options.phone_tier
        phones = choose_tier(path, tiers, named, PHONE_FLAG) if named else make_tier((), (), ())
        return make_alignment(words, phones, str(path))


def read_json_tiers(path: Path) -> dict[str, Tier]:
    """Interval tiers by name, in file order.

    Raises:
        InputError: no JSON (file:line), no tiers, or an entry that is not [start, end, label].
    """
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: not JSON ({error.msg}). Write the file again.") from error
    tiers = content.get("tiers") if isinstance(content, dict) else None
    named = tiers.items() if isinstance(tiers, dict) else [(t.get("name"), t) for t in _tables(tiers)]
    intervals = {str(name): tier for name, tier in named if _is_interval(tier)}
    if not intervals:
        raise InputError(
            f'{path}: no "tiers" of intervals, so not an alignment of MFA. Align with --output_format json, or give '
            "another file."
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
        match entry:
            case [int() | float() as start, int() | float() as end, str() as label]:
                start_s.append(float(start))
                end_s.append(float(end))
                labels.append(label)
            case _:
                raise InputError(
                    f"{path}: entry {number} of tier '{name}' is {json.dumps(entry, ensure_ascii=False)}, expected "
                    "[start, end, label] in seconds. Correct the entry, or align again."
                )
    return make_tier(start_s, end_s, labels)
