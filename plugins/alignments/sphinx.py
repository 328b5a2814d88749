"""Sphinx-3 forced alignment: words in .wdseg, phones in .phseg beside it (IEMOCAP)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from msftk import interfaces
from msftk.errors import InputError
from msftk.files import read_text
from msftk.speech.alignment import make_alignment, make_tier
from msftk.types import Alignment, Tier

FRAMES_PER_S = 100  # Sphinx' frame shift is 10 ms
HEADER = ("SFrm", "EFrm", "SegAScr")
END = "Total score"
ROW = re.compile(r"(\d{1,9})\s+(\d{1,9})\s+(-?\d+)\s+(\S.*)")
VARIANT = re.compile(r"\(\d+\)$")  # the second entry of a pronunciation dictionary is READ(2)


class Sphinx(interfaces.AlignmentReader):
    """Reads `SFrm EFrm SegAScr Word`: 10 ms frames, the last one inside the word, from the start of the audio.

    Words come in lower case, without the mark of a pronunciation variant (READ(2)); a phone is the first token of its
    column, the others are its context. Without .phseg there are no phones.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".wdseg", ".phseg")

    class Options(interfaces.Options):
        pass

    def __init__(self, options: Sphinx.Options) -> None:
        self.options = options

    def read(self, path: Path, utterance_id: str | None = None) -> Alignment:
        words, phones = (
            path if path.suffix.lower() == suffix else path.with_suffix(suffix) for suffix in self.suffixes
        )
        if words != path and not words.is_file():
            raise InputError(f"{path}: no words beside these phones (looked for {words.name}). Put that file there.")
        spoken = _segments(words, lambda label: VARIANT.sub("", label).lower())
        sounds = _segments(phones, lambda label: label.split()[0]) if phones.is_file() else make_tier((), (), ())
        return make_alignment(spoken, sounds, str(words))


def _segments(path: Path, label_of: Callable[[str], str]) -> Tier:
    """Intervals of one file; frame `EFrm` belongs to its interval, so that it ends at (EFrm + 1) / 100 s."""
    lines = [(number, line.strip()) for number, line in enumerate(read_text(path).split("\n"), 1) if line.strip()]
    if not lines or tuple(lines[0][1].split()[:3]) != HEADER:
        raise InputError(f"{path}: not a Sphinx segmentation (no line '{' '.join(HEADER)}'). Check the file.")
    start_s: list[float] = []
    end_s: list[float] = []
    labels: list[str] = []
    for number, line in lines[1:]:
        if line.startswith(END):
            return make_tier(start_s, end_s, labels)
        row = ROW.fullmatch(line)
        if row is None or int(row[2]) < int(row[1]):
            raise InputError(
                f"{path}:{number}: found '{line}', expected first frame, last frame, score and label. "
                "Correct the line, or align the utterance again."
            )
        start_s.append(int(row[1]) / FRAMES_PER_S)
        end_s.append((int(row[2]) + 1) / FRAMES_PER_S)
        labels.append(label_of(row[4]))
    raise InputError(
        f"{path}:{lines[-1][0]}: the file ends without '{END}': it was cut off. Align the utterance again."
    )
