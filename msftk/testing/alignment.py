"""Contract check of aligners."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np

from msftk.counting import counted
from msftk.errors import AbsentError, RefusedError
from msftk.interfaces import Evidence
from msftk.speech.audio import load_audio
from msftk.speech.transcript import words_of
from msftk.testing.shared import Named, factory, require
from msftk.types import SAMPLE_RATE_HZ, Alignment, Float32

PROMPT = ("demo/prompts/audio/all-circuits-busy-now.flac", "All circuits are busy now.")


def check_aligner(
    plugin: Named, /, waveform: Float32 | None = None, transcript: str | None = None, **options: object
) -> None:
    """Exactly the transcript's words in order, inside the audio, a finite score each; the same in a batch and again.

    `waveform` [n] at 16 kHz with its `transcript`: what it can align (None: a recorded prompt of msftk, in English).
    """
    aligner = factory("aligner", plugin, options)()
    if waveform is None:
        waveform, transcript = load_audio(Path(str(files("msftk"))) / PROMPT[0]), PROMPT[1]
    assert transcript is not None
    if not aligner.aligns:
        require(isinstance(_outcome(aligner, waveform, transcript), AbsentError), "it aligns nothing, but answered")
        return
    found = _outcome(aligner, waveform, transcript)
    require(isinstance(found, Alignment), f"align() gave {found!r}: expected an Alignment")
    assert isinstance(found, Alignment)
    words = words_of(transcript)
    require(found.words.labels == words, f"words are {found.words.labels}: expected {words}")
    require(bool(found.aligner), "Alignment.aligner is empty: say who made it")
    for tier in (found.words, found.phones):
        require(bool((np.diff(tier.start_s) >= 0).all()), "intervals are not ordered by start")
        require(bool((tier.end_s > tier.start_s).all()), "an interval ends before it starts")
        inside = (tier.start_s >= 0).all() and (tier.end_s <= len(waveform) / SAMPLE_RATE_HZ + 0.035).all()
        require(bool(inside), "an interval lies outside the audio")
    scores = np.zeros(0) if found.word_scores is None else found.word_scores
    require(
        scores.shape == (len(words),),
        f"word_scores are {scores.shape}: expected a score for {counted(len(words), 'word')}",
    )
    require(bool(np.isfinite(scores).all()), "word_scores are not finite")
    evidence = Evidence("a", waveform=waveform, transcript=transcript)
    for again in (_outcome(aligner, waveform, transcript), *aligner.align_batch([evidence, evidence])):
        require(isinstance(again, Alignment) and _same(again, found), "the same utterance is aligned otherwise again")
    for text in ("", "... [laughter]"):
        refused = _outcome(aligner, waveform, text)
        require(isinstance(refused, RefusedError), f"a text without words, {text!r}, gave {refused!r}: refuse it")


def _outcome(aligner: object, waveform: Float32, transcript: str) -> object:
    try:
        return aligner.align(waveform, SAMPLE_RATE_HZ, transcript)  # type: ignore[attr-defined]
    except AbsentError as error:
        return error


def _same(one: Alignment, other: Alignment) -> bool:
    times = (
        (a.start_s, b.start_s, a.end_s, b.end_s) for a, b in ((one.words, other.words), (one.phones, other.phones))
    )
    return all(np.allclose(s, t, atol=1e-6) and np.allclose(e, f, atol=1e-6) for s, t, e, f in times)
