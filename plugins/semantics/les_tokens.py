"""Local emphasized semantics in context: the stressed words, as the encoder reads them within the whole sentence."""

from __future__ import annotations

import re
from typing import ClassVar

from msftk import interfaces
from msftk.interfaces import Evidence, Need
from msftk.types import Emphasis


class EmphasizedTokens(interfaces.SemanticSource):
    """LES of context: the text encoder reads the sentence, and the tokens of the emphasis segment are pooled.

    `les` (paper Sec. 2.2) hands the segment alone to the encoder, which then knows neither who nor what it was said of.
    """

    group: ClassVar[str] = "transcript"
    needs: ClassVar[tuple[Need, ...]] = ("emphasis",)
    optional: ClassVar[tuple[Need, ...]] = ("transcript",)

    class Options(interfaces.Options):
        pass

    def __init__(self, options: EmphasizedTokens.Options) -> None:
        self.options = options

    def text(self, evidence: Evidence) -> str | None:
        return sentence(evidence.emphasis, evidence.transcript) if evidence.emphasis else None

    def span(self, evidence: Evidence) -> tuple[int, int]:
        assert evidence.emphasis is not None
        words = list(re.finditer(r"\S+", sentence(evidence.emphasis, evidence.transcript)))
        return words[evidence.emphasis.first].start(), words[evidence.emphasis.last].end()


def sentence(emphasis: Emphasis, transcript: str | None) -> str:
    """The transcript where its words are those that were aligned, one by one; else the aligned words."""
    spoken = [re.sub(r"\s+", "", word) for word in emphasis.prosody.words]
    written = (transcript or "").split()
    same = len(written) == len(spoken) and all(map(_alike, written, spoken))
    return " ".join(written if same else spoken)


def _alike(written: str, spoken: str) -> bool:
    """But for case and marks."""
    return _letters(written) == _letters(spoken)


def _letters(word: str) -> str:
    return "".join(filter(str.isalnum, word.casefold()))
