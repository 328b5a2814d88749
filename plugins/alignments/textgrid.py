"""Praat TextGrid, long and short text form, UTF-8 or UTF-16: interval tiers of words and phones."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from msftk import interfaces
from msftk.errors import InputError
from msftk.files import read_text, unreadable
from msftk.speech.alignment import make_tier
from msftk.speech.tiers import TierOptions, tier_alignment
from msftk.types import Alignment, Tier
from msftk_ext.textgrid import scan

# Praat reads a text file as quoted texts, flags and free-standing numbers; everything else is comment, and so is what
# follows a free-standing "!" on its line. So both forms are one grammar. Beside free numbers, whatever stands after "="
# or alone on its line is taken as a value, so that a misspelt number is found where it stands.
TOKEN = re.compile(
    r"""
    "(?P<text>(?:[^"]|"")*)"
    | (?P<flag><exists>|<absent>)
    | (?<![^\s"])!.*
    | =[ \t]*(?P<assigned>[^\s"!][^\s"]*)
    | (?<!\S)(?P<number>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?!\S)
    | ^[ \t]*(?P<alone>[^\s"=<:!][^\s"=<:]*)[ \t]*$
    """,
    re.VERBOSE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one file and a place in them; errors name the line."""

    path: Path
    text: str
    matches: list[re.Match[str]]

    def error(self, place: int, expected: str) -> InputError:
        if place >= len(self.matches):
            return InputError(f"{self.path}: the file ends before {expected}. It was cut off: write it again.")
        match = self.matches[place]
        line = self.text.count("\n", 0, match.end()) + 1
        return InputError(
            f"{self.path}:{line}: found {match.group().strip(' =')}, expected {expected}. Save the file again in Praat."
        )

    def number(self, place: int, expected: str) -> float:
        match = self.matches[place] if place < len(self.matches) else None
        if match and match.lastgroup in ("assigned", "number", "alone"):
            with suppress(ValueError):
                return float(match[match.lastgroup])
        raise self.error(place, expected)

    def count(self, place: int, expected: str) -> int:
        value = self.number(place, expected)
        if not (math.isfinite(value) and value >= 0 and value == int(value)):
            raise self.error(place, expected)
        return int(value)

    def string(self, place: int, expected: str) -> str:
        if place < len(self.matches) and (text := self.matches[place]["text"]) is not None:
            return text.replace('""', '"')
        raise self.error(place, expected)


class TextGrid(interfaces.AlignmentReader):
    """Reads the tiers `word_tier` and `phone_tier` (any case); empty intervals are silence, gaps are allowed."""

    suffixes: ClassVar[tuple[str, ...]] = (".textgrid",)

    Options = TierOptions

    def __init__(self, options: TierOptions) -> None:
        self.options = options

    def read(self, path: Path, utterance_id: str | None = None) -> Alignment:
        return tier_alignment(path, read_tiers(path), self.options)


def read_tiers(path: Path) -> dict[str, Tier]:
    """Interval tiers by name, in file order; of two with one name the first. Point tiers are left out.

    Raises:
        InputError: neither UTF-8 nor UTF-16, not a TextGrid, cut off, or text where a number belongs (file:line).
    """
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    scanned = None if b"\0" in raw else scan(raw)
    if scanned is None:
        return read_tiers_slowly(path)
    tiers: dict[str, Tier] = {}
    for name, (start_s, end_s), labels in scanned:
        tiers.setdefault(name, make_tier(start_s, end_s, labels))
    return tiers


def read_tiers_slowly(path: Path) -> dict[str, Tier]:
    """`read_tiers` of what the scanner leaves: other encodings, unusual forms, and every file that is broken."""
    text = read_text(path, "Save it as UTF-8 (in Praat: Text writing preferences).")
    tokens = Tokens(path, text, [match for match in TOKEN.finditer(text) if match.lastgroup])
    header = [match["text"] or "" for match in tokens.matches[:2]]
    if len(header) < 2 or not header[0].startswith("ooTextFile") or header[1] != "TextGrid":
        raise InputError(f'{path}: not a TextGrid (it does not begin with "ooTextFile", "TextGrid"). Check the file.')
    if len(tokens.matches) > 4 and tokens.matches[4]["flag"] == "<absent>":
        return {}
    tiers: dict[str, Tier] = {}
    place = 6
    for number in range(1, tokens.count(5, "the number of tiers") + 1):
        kind = tokens.string(place, f"the class of tier {number}")
        name = tokens.string(place + 1, f"the name of tier {number}")
        size = tokens.count(place + 4, f"the size of tier '{name}'")
        place += 5
        if kind == "IntervalTier":
            tiers.setdefault(name, _intervals(tokens, place, size, name))
        place += size * (3 if kind == "IntervalTier" else 2)  # a point has a time and a mark
    return tiers


def _intervals(tokens: Tokens, place: int, size: int, name: str) -> Tier:
    start_s, end_s, labels = [], [], []
    for index in range(size):
        what = f"of interval {index + 1} of {size} in tier '{name}'"
        start_s.append(tokens.number(place, f"the start {what}"))
        end_s.append(tokens.number(place + 1, f"the end {what}"))
        labels.append(tokens.string(place + 2, f"the text {what}"))
        place += 3
    return make_tier(start_s, end_s, labels)
