"""Random word: the control that shows what any three words would do in the place of LES."""

from __future__ import annotations

import hashlib

import numpy as np
from pydantic import Field

from msftk import interfaces
from msftk.types import Alignment, Float32, Float64, WordProsody


class RandomWord(interfaces.EmphasisScorer):
    """A control: each word is as likely as any other to be called stressed, whatever it sounds like.

    Drawn from the sound itself, so that an utterance has the same word wherever it lies and whoever asks.
    """

    class Options(interfaces.Options):
        seed: int = Field(0, description="another draw for every utterance")

    def __init__(self, options: RandomWord.Options) -> None:
        self.options = options

    def scores(
        self,
        waveform: Float32,
        sample_rate_hz: int,
        alignment: Alignment,
        transcript: str | None = None,
        *,
        prosody: WordProsody,
    ) -> Float64:
        """[n_words] float64, uniform between 0 and 1."""
        digest = hashlib.sha256(f"{self.options.seed}\n".encode() + np.ascontiguousarray(waveform).tobytes()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "little")).random(len(prosody.words))
