"""Word-level valence of the emphasis segment, out of a lexicon: a granularity that is a vector and no text."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import ClassVar

import numpy as np

from msftk import interfaces
from msftk.extras import from_extra
from msftk.interfaces import Evidence, Need
from msftk.types import Float32


class Lexical(interfaces.SemanticSource):
    """Valences of the stressed word, of the most and the least pleasant word of its segment, and of the segment.

    By VADER (Hutto and Gilbert 2014): people's ratings of 7,500 English words and marks, -4..4, here -1..1; the
    segment's own counts negations and "very" between its words. A group by itself, so an expert by itself in FM-MoE.
    """

    group: ClassVar[str] = "lexical"
    needs: ClassVar[tuple[Need, ...]] = ("emphasis",)
    optional: ClassVar[tuple[Need, ...]] = ("language",)
    dim = 4

    class Options(interfaces.Options):
        pass

    def __init__(self, options: Lexical.Options) -> None:
        with from_extra("lexical", "semantic source 'lexical'"):
            from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
        self.analyser = SentimentIntensityAnalyzer()

    def identity(self) -> Mapping[str, str]:
        return {"lexicon": f"vaderSentiment {version('vaderSentiment')}"}

    def vector(self, evidence: Evidence) -> Float32 | None:
        found = evidence.emphasis
        if found is None or not (evidence.language or "en").lower().startswith("en"):
            return None
        rated = [self.analyser.lexicon.get(word.lower(), 0.0) / 4 for word in found.prosody.words]
        segment = rated[found.first : found.last + 1]
        whole = self.analyser.polarity_scores(found.segment_text)["compound"]
        return np.array([rated[found.top], max(segment), min(segment), whole], np.float32)
