"""How each word was spoken: highest F0, energy, phone duration, and their z-scores within the sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np

from msftk.counting import counted
from msftk.errors import InputError
from msftk.prosody.f0 import HOP_S
from msftk.prosody.ragged import (
    HANN,
    HOP,
    PAPER_WEIGHTS,
    Int64,
    LemfBatch,
    RaggedWords,
    flat,
    frame_count,
    lemf_batch,
    offsets_of,
    spoken,
)
from msftk.types import SAMPLE_RATE_HZ, Alignment, Float32, Float64, Tier, WordFeatures, WordProsody
from msftk_ext import prosody as kernels

FORGIVEN_S = 0.035  # a word may end so much after its audio: aligners round up by a frame (25 ms) and a shift (10 ms)


def word_prosody(waveform: Float32, alignment: Alignment, f0_hz: Float64) -> WordProsody:
    """Prosody of each spoken word of one utterance (paper Sec. 2.2, Eq. 1).

    Args:
        waveform: [samples] mono at 16 kHz.
        f0_hz: [frames] from `harvest`, on its 5 ms grid, 0 = unvoiced.
    Returns:
        every array [n_words]. Silence and a single word are valid: a feature that does not vary has z = 0.
    Raises:
        InputError: no spoken word, a word that ends after the audio, F0 of another audio.

    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> found = word_prosody(np.zeros(16_000, np.float32), aligned, np.full(201, 120.0))
    >>> found.words, found.phone_duration_s.round(3).tolist()  # without phones: a letter's duration
    (('stop', 'now'), [0.125, 0.167])
    """
    return word_prosody_batch([waveform], [alignment], [f0_hz])[0]


def word_prosody_batch(
    waveforms: Sequence[Float32], alignments: Sequence[Alignment], f0_hz: Sequence[Float64]
) -> list[WordProsody]:
    """`word_prosody` of many utterances in one pass of the kernels; an utterance's bits do not depend on its batch.

    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> word_prosody_batch([np.zeros(16_000, np.float32)], [aligned], [np.full(201, 120.0)])[0].voiced.tolist()
    [True, True]
    """
    for waveform, alignment, f0 in zip(waveforms, alignments, f0_hz, strict=True):
        check_utterance(waveform, alignment, f0)
    words = RaggedWords.of(alignments)
    return prosodies(words, lemf_batch(waveforms, f0_hz, words))


def prosodies(words: RaggedWords, found: LemfBatch) -> list[WordProsody]:
    """The batch utterance by utterance; the arrays are views of its columns.

    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> words = RaggedWords.of([aligned])
    >>> prosodies(words, lemf_batch([np.zeros(16_000, np.float32)], [np.zeros(201)], words))[0].words
    ('stop', 'now')
    """
    voiced = ~np.isnan(found.log_f0)
    features = {field.name: getattr(found, field.name) for field in fields(WordFeatures)}
    return [
        WordProsody(
            words=tier.labels,
            start_s=tier.start_s,
            end_s=tier.end_s,
            voiced=voiced[own],
            **{name: column[own] for name, column in features.items()},
        )
        for tier, own in zip(words.tiers, (slice(a, b) for a, b in pairwise(found.offsets)), strict=True)
    ]


def frame_energy(waveforms: Sequence[Float32 | Float64]) -> tuple[Float64, Int64]:
    """L2 norm of the one-sided STFT magnitude of each frame, of many 16 kHz waveforms, in float64.

    20 ms periodic Hann window, hop 10 ms, FFT size = window. Frames start at 0 and lie wholly inside the signal; a
    signal shorter than a window is padded with zeros to one. The centre of frame i lies at (i + 1) * 10 ms.

    Returns:
        energy [frames of all] float64, and offsets [waveforms + 1]: waveform i owns energy[offsets[i]:offsets[i + 1]].

    >>> energy, offsets = frame_energy([np.ones(480, np.float32), np.zeros(320, np.float32)])
    >>> energy.round(2).tolist(), offsets.tolist()
    ([178.89, 178.89, 0.0], [0, 2, 3])
    """
    samples = flat(waveforms)
    if samples.dtype not in (np.float32, np.float64):
        samples = samples.astype(np.float64)
    frame_offsets = offsets_of(frame_count(len(waveform)) for waveform in waveforms)
    energy = np.empty(frame_offsets[-1])
    kernels.frame_energy(samples, offsets_of(map(len, waveforms)), HANN, HOP, frame_offsets, energy)
    return energy, frame_offsets


def z_scores(feature: Float64, word_offsets: Int64) -> Float64:
    """z-scores within each utterance (Eq. 1), population form, flat [words]; NaN is left out and gets 0.

    A feature that does not vary (relative spread up to 1e-9, which is rounding) gives 0 for every word.

    >>> z_scores(np.array([1.0, 3.0, 5.0, 5.0]), np.array([0, 2, 4])).tolist()
    [-1.0, 1.0, 0.0, 0.0]
    """
    z: Float64 = np.empty(len(feature))
    kernels.z_scores(feature, word_offsets, z)
    return z


def score_words(
    prosody: WordProsody,
    weight_pitch: float = PAPER_WEIGHTS[0],
    weight_energy: float = PAPER_WEIGHTS[1],
    weight_duration: float = PAPER_WEIGHTS[2],
) -> Float64:
    """LEMf score of each word (paper Eq. 2, with its weights), [n_words] float64, no unit.

    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> score_words(word_prosody(np.zeros(16_000, np.float32), aligned, np.full(201, 120.0))).round(2).tolist()
    [-0.8, 0.8]
    """
    score: Float64 = np.empty(len(prosody.words))
    kernels.weighted_scores(
        prosody.z_pitch, prosody.z_energy, prosody.z_duration, weight_pitch, weight_energy, weight_duration, score
    )
    return score


def check_utterance(waveform: Float32, alignment: Alignment, f0_hz: Float64) -> None:
    """Raises InputError: no spoken word, a word that ends after the audio, F0 of another audio.

    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> check_utterance(np.zeros(16_000, np.float32), aligned, np.zeros(50))
    Traceback (most recent call last):
    msftk.errors.InputError: example: 50 F0 frames for 1.000 s of audio, expected 201 on the 5 ms grid. ...
    """
    audio_s = len(waveform) / SAMPLE_RATE_HZ
    check_words(alignment, audio_s)
    expected = len(waveform) // round(HOP_S * SAMPLE_RATE_HZ) + 1
    if abs(len(f0_hz) - expected) > 1:
        raise InputError(
            f"{alignment.source or 'alignment'}: {len(f0_hz)} F0 frames for {audio_s:.3f} s of audio, expected "
            f"{expected} on the 5 ms grid. Compute F0 from this audio, with harvest(waveform, 16000)."
        )


def check_words(alignment: Alignment, audio_s: float) -> None:
    """Raises InputError: no spoken word, or one that ends more than `FORGIVEN_S` after the audio.

    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> check_words(aligned, audio_s=0.8)
    Traceback (most recent call last):
    msftk.errors.InputError: example: word 'now' ends at 1.000 s, but the audio ends at 0.800 s. ...
    """
    place = alignment.source or "alignment"
    tier = spoken(alignment.words)
    if not len(tier):
        raise InputError(
            f"{place}: no spoken word among {counted(len(alignment.words), 'interval')} of the word tier. "
            "Emphasis needs at least one word: check the tier, or leave this utterance out."
        )
    latest = int(np.argmax(tier.end_s))
    if tier.end_s[latest] > audio_s + FORGIVEN_S:
        raise InputError(
            f"{place}: word '{tier.labels[latest]}' ends at {tier.end_s[latest]:.3f} s, but the audio ends at "
            f"{audio_s:.3f} s. Give the alignment that belongs to this audio, with times from its start."
        )


def within(alignment: Alignment, audio_s: float) -> Alignment:
    """The alignment, with what runs over the end of the audio by up to `FORGIVEN_S` cut there.

    Raises as `check_words`.

    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> within(aligned, audio_s=0.98).words.end_s.tolist()
    [0.5, 0.98]
    """
    check_words(alignment, audio_s)
    tiers = (alignment.words, alignment.phones)
    if not any((tier.end_s > audio_s).any() for tier in tiers):
        return alignment
    words, phones = (_cut(tier, audio_s) for tier in tiers)
    return replace(alignment, words=words, phones=phones)


def _cut(tier: Tier, audio_s: float) -> Tier:
    """An interval that begins after the audio is left as it is."""
    over = (tier.end_s > audio_s) & (tier.start_s < audio_s)
    return replace(tier, end_s=np.where(over, audio_s, tier.end_s))
