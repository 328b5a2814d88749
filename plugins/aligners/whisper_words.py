"""Word times of the transcriber that wrote, or would write, the transcript: words without phones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import ClassVar

import numpy as np
from pydantic import Field

from msftk import interfaces
from msftk.errors import AbsentError, RefusedError
from msftk.interfaces import Evidence, Need, Want
from msftk.registry import registry
from msftk.speech.alignment import make_alignment, make_tier
from msftk.speech.transcript import words_of
from msftk.types import SAMPLE_RATE_HZ, Alignment, Float32, TimedWord, Transcript

SHORTEST_S = 0.01  # of a word whose start and end Whisper puts at one time


class WhisperWords(interfaces.Aligner):
    """Whisper hears the recording, and each word of the transcript has the time of the word it heard there.

    Phones are absent, so duration falls back on word duration by letters. A word's score is 1 where it was heard as it
    is written, else 0 (another word stood in its place); their mean must reach `least_score`, and no word may lack, or
    the text is refused. A transcript that the same Whisper wrote is heard anew, and fits.
    """

    wants: ClassVar[Want] = "model"
    optional: ClassVar[tuple[Need, ...]] = ("language",)
    no_results: ClassVar[tuple[str, ...]] = ("batch",)

    class Options(interfaces.Options):
        model: interfaces.Place = Field(
            "openai/whisper-large-v3", description="a Whisper with alignment heads: id, folder"
        )
        revision: str | None = Field(None, description="branch, tag or commit of a model id")
        language: str | None = Field(None, description="code or English name, e.g. da; default: corpus, else detected")
        least_score: float = Field(0.7, ge=0, le=1, description="share of words heard as written, at least")
        batch: int = Field(8, ge=1, description="recordings heard together")

    def __init__(self, options: WhisperWords.Options) -> None:
        self.options, self.batch = options, options.batch
        chosen = options.model_dump(exclude={"least_score"}, exclude_none=True)
        self.transcriber = registry().create("transcriber", "whisper", {**chosen, "words": True})

    def identity(self) -> Mapping[str, str]:
        identity: Mapping[str, str] = self.transcriber.identity()
        return identity

    def align(self, waveform: Float32, sample_rate_hz: int, transcript: str, language: str | None = None) -> Alignment:
        assert sample_rate_hz == SAMPLE_RATE_HZ
        (answer,) = self.align_batch([Evidence("", language, waveform, transcript=transcript)])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def align_batch(self, evidence: Sequence[Evidence]) -> Sequence[Alignment | Exception]:
        heard: Sequence[Transcript | Exception] = self.transcriber.transcribe_batch(evidence)
        return [self._answer(one.transcript or "", said) for one, said in zip(evidence, heard, strict=True)]

    def _answer(self, transcript: str, heard: Transcript | Exception) -> Alignment | Exception:
        words = words_of(transcript)
        if not words:
            return RefusedError("no words", "the transcript has no words.")
        if isinstance(heard, AbsentError):
            return RefusedError("the text does not fit the sound", f"Whisper heard nothing: {heard}.")
        if isinstance(heard, Exception):
            return heard
        times = [one for one in heard.words if words_of(one.label)]
        placed = places(words, times)
        score = np.array([a.lower() == words_of(b.label)[0].lower() for a, b in zip(words, placed or (), strict=False)])
        if placed is None or score.mean() < self.options.least_score:
            return RefusedError("the text does not fit the sound", f"Whisper heard: {heard.text}")
        start_s = np.maximum.accumulate([one.start_s for one in placed])
        end_s = np.maximum(np.maximum.accumulate([one.end_s for one in placed]), start_s + SHORTEST_S)
        tier, no_phones = make_tier(start_s.tolist(), end_s.tolist(), words), make_tier((), (), ())
        made = make_alignment(tier, no_phones, "aligned by whisper-words")
        return Alignment(made.words, made.phones, made.source, "whisper-words", score.astype(np.float64))


def places(words: Sequence[str], heard: Sequence[TimedWord]) -> list[TimedWord] | None:
    """What was heard in the place of each word: it, or as many others; None where these are more or fewer."""
    sounded = [words_of(one.label)[0].lower() for one in heard]
    found: list[TimedWord] = []
    matcher = SequenceMatcher(None, [word.lower() for word in words], sounded, autojunk=False)
    for _, begin, end, first, last in matcher.get_opcodes():
        if end - begin != last - first:
            return None
        found += heard[first:last]
    return found
