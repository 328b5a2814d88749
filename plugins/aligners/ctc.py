"""Words, and phones where the model speaks them, by any CTC speech model of transformers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from msftk import interfaces
from msftk.counting import counted
from msftk.errors import BackEndError, RefusedError
from msftk.files import sha256_file
from msftk.interfaces import Evidence, Want, each
from msftk.speech.alignment import make_alignment, make_tier
from msftk.speech.transcript import words_of
from msftk.types import SAMPLE_RATE_HZ, Alignment, Float32, Float64
from msftk_ext import ctc
from msftk_plugins.aligners.ctc_model import SHORTEST, CtcModel
from msftk_plugins.aligners.pronunciations import read_pronunciations
from msftk_plugins.aligners.spelling import Spelling, Spelt
from msftk_plugins.weights import folder_digest, model_folder

OTHERWISE = "Without it --aligner pocketsphinx works for English."
TOO_SHORT = "audio too short for its text"


class Heard(NamedTuple):
    """An utterance whose transcript the model can spell, and what it heard: log_p [frames, classes]."""

    words: tuple[str, ...]
    spelt: Spelt
    audio_s: float
    log_p: Float32
    hop_s: float


class Ctc(interfaces.Aligner):
    """The best path of a CTC model's emissions through the transcript (wav2vec 2.0, HuBERT, WavLM, MMS ...).

    A model of letters gives words, a model of phones with a dictionary (`pronunciations`) phones too. The score of a
    word is the mean log-probability of its letters in their frames; that of the whole path, pauses too, must reach
    `least_score` a frame, or the text is refused. The default is that of NeMo's CTC segmentation tool; how a model
    scores depends on its training: look at the scores of texts that you trust. CTC models mark a letter by few frames,
    so words end early (Huang et al. 2024, "Less peaky and more accurate CTC forced alignment by label priors").
    """

    wants: ClassVar[Want] = "model"
    no_results: ClassVar[tuple[str, ...]] = ("batch",)

    class Options(interfaces.Options):
        model: interfaces.Place = Field("facebook/wav2vec2-base-960h", description="model id, or a folder")
        revision: str | None = Field(None, description="branch, tag or commit of a model id")
        adapter: str | None = Field(None, description="language of a model with adapters (MMS), e.g. eng")
        pronunciations: interfaces.Place | None = Field(
            None, description="dictionary of a model of phones: a word and its phones a line"
        )
        least_score: float = Field(
            -2.0, le=0, allow_inf_nan=False, description="mean log-probability a frame under which a text is refused"
        )
        window_s: float = Field(30.0, ge=10, description="seconds heard at once, 2 s on either side for context")
        batch: int = Field(8, ge=1, description="utterances whose paths are found together")

    def __init__(self, options: Ctc.Options) -> None:
        self.options, self.batch = options, options.batch
        self.model = CtcModel(
            model_folder(options.model, options.revision, "aligner", OTHERWISE), options.window_s, options.adapter
        )
        self.dictionary = Path(options.pronunciations) if options.pronunciations else None
        self.pronunciations = read_pronunciations(self.dictionary) if self.dictionary else None

    def identity(self) -> Mapping[str, str]:
        """The model and the dictionary by content, wherever they lie."""
        file = {"pronunciations": f"sha256:{sha256_file(self.dictionary)}"} if self.dictionary else {}
        return {"model": f"sha256:{self._digest}", "revision": "", **file}

    @cached_property
    def _digest(self) -> str:
        digest: str = folder_digest(self.model.folder)
        return digest

    @cached_property
    def spelling(self) -> Spelling:
        if self.model.speaks_phones and self.pronunciations is None:
            raise BackEndError(
                f"{self.model.folder}: a model of phones, which spells no words. Name a dictionary in its phones by "
                "--set aligner.pronunciations=FILE, or take a model of letters."
            )
        return Spelling(self.model.tokenizer, self.model.blank, self.pronunciations)

    def align(self, waveform: Float32, sample_rate_hz: int, transcript: str, language: str | None = None) -> Alignment:
        """Raises RefusedError: letters that the model does not have, audio too short, a text that does not fit."""
        assert sample_rate_hz == SAMPLE_RATE_HZ
        (answer,) = self.align_batch([Evidence("", waveform=waveform, transcript=transcript)])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def align_batch(self, evidence: Sequence[Evidence]) -> Sequence[Alignment | Exception]:
        """Emissions of each by itself, so that they do not depend on the others; then all paths in one call."""
        heard = each(self._hear, evidence)
        paths = iter(self._paths([one for one in heard if isinstance(one, Heard)]))
        answers: list[Alignment | Exception] = []
        for one in heard:
            try:
                answers.append(self._alignment(one, *next(paths)) if isinstance(one, Heard) else one)
            except RefusedError as refused:
                answers.append(refused)
        return answers

    def _hear(self, evidence: Evidence) -> Heard:
        assert evidence.waveform is not None
        words = words_of(evidence.transcript or "")
        if not words:
            raise RefusedError("no words", "the transcript has no words.")
        spelt = self.spelling.spell(words)
        n = len(evidence.waveform)
        if n < SHORTEST:
            raise RefusedError(TOO_SHORT, f"{counted(n, 'sample')} hold no frame of the model.")
        return Heard(words, spelt, n / SAMPLE_RATE_HZ, *self.model.emissions(evidence.waveform))

    def _paths(self, heard: Sequence[Heard]) -> list[tuple[Float64, float]]:
        """Of each [3, labels]: first frame, frame after the last, log-probability; and that of the whole path."""
        if not heard:
            return []
        labels = np.array([label for one in heard for label in one.spelt.labels], dtype=np.int64)
        offsets = np.cumsum([0, *(len(one.spelt.labels) for one in heard)], dtype=np.int64)
        first, last, score = np.zeros_like(labels), np.zeros_like(labels), np.zeros(len(labels))
        total = np.zeros(len(heard))
        emissions = [np.ascontiguousarray(one.log_p) for one in heard]
        ctc.best_paths(emissions, labels, offsets, self.model.blank, first, last, score, total)
        paths = np.split(np.stack([first, last, score]), offsets[1:-1], axis=1)
        return list(zip(paths, total.tolist(), strict=True))

    def _alignment(self, heard: Heard, path: Float64, total: float) -> Alignment:
        n_letters, n_frames = len(heard.spelt.labels), len(heard.log_p)
        if not np.isfinite(total):
            raise RefusedError(TOO_SHORT, f"{n_frames} frames of the model cannot hold {n_letters} letters.")
        mean = total / n_frames
        if mean < self.options.least_score:
            raise RefusedError(
                "the text does not fit the sound",
                f"mean log-probability {mean:.2f} a frame, at least {self.options.least_score:g} expected. Correct the "
                "transcript, or lower --set aligner.least_score.",
            )
        begins, ends = (np.array(places) for places in zip(*heard.spelt.words, strict=True))
        first, last, score = path
        said = np.concatenate([np.arange(begin, end) for begin, end in heard.spelt.words])  # without delimiters
        frames, so_far = np.cumsum([0, *(last - first)]), np.cumsum([0, *score])
        word_scores = (so_far[ends] - so_far[begins]) / (frames[ends] - frames[begins])
        start_s, end_s = first * heard.hop_s, np.minimum(last * heard.hop_s, heard.audio_s)
        phones = said if self.pronunciations is not None else said[:0]
        made = make_alignment(
            make_tier(start_s[begins].tolist(), end_s[ends - 1].tolist(), heard.words),
            make_tier(start_s[phones].tolist(), end_s[phones].tolist(), [heard.spelt.names[one] for one in phones]),
            "aligned by ctc",
        )
        return Alignment(made.words, made.phones, made.source, "ctc", word_scores)
