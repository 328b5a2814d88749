"""How each word was spoken: highest F0, energy, phone duration, and their z-scores within the sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msftk.errors import InputError
from msftk.prosody.f0 import HOP_S
from msftk.types import SAMPLE_RATE_HZ, Alignment, Float32, Float64, Tier, WordProsody
from msftk_ext import prosody as kernels

Int64 = NDArray[np.int64]

WINDOW_S = 0.020  # paper Sec. 2.2; the hop is half of it (DESIGN section 4)
WINDOW = round(WINDOW_S * SAMPLE_RATE_HZ)  # 320 samples
HOP = WINDOW // 2
HANN: Float64 = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)  # periodic


def word_prosody(waveform: Float32, alignment: Alignment, f0_hz: Float64) -> WordProsody:
    """Prosody of each spoken word of one utterance (paper Sec. 2.2, Eq. 1).

    Args:
        waveform: [samples] mono at 16 kHz.
        f0_hz: [frames] from `harvest`, on its 5 ms grid, 0 = unvoiced.
    Returns:
        every array [n_words]. Silence and a single word are valid: a feature that does not vary has z = 0.
    Raises:
        InputError: no spoken word, a word that ends after the audio, F0 of another audio.
    """
    return word_prosody_batch([waveform], [alignment], [f0_hz])[0]


def word_prosody_batch(
    waveforms: Sequence[Float32], alignments: Sequence[Alignment], f0_hz: Sequence[Float64]
) -> list[WordProsody]:
    """`word_prosody` of many utterances in one pass of the kernels; an utterance's bits do not depend on its batch."""
    for waveform, alignment, f0 in zip(waveforms, alignments, f0_hz, strict=True):
        _check(waveform, alignment, f0)
    words = [_spoken(alignment.words) for alignment in alignments]
    phones = [_spoken(alignment.phones) for alignment in alignments]
    start_us, end_us, word_offsets = _times(words)
    n_words = len(start_us)

    log_f0 = np.empty(n_words)
    f0_offsets = _offsets(len(f0) for f0 in f0_hz)
    f0_flat = _flat(f0_hz).astype(np.float64, copy=False)
    kernels.word_log_f0(f0_flat, f0_offsets, _micros(HOP_S), start_us, end_us, word_offsets, log_f0)

    energy, frame_offsets = frame_energy(waveforms)
    word_energy = np.empty(n_words)
    hop_us = _micros(HOP / SAMPLE_RATE_HZ)
    kernels.word_energy(energy, frame_offsets, hop_us, start_us, end_us, word_offsets, word_energy)

    duration_s = np.empty(n_words)
    guessed = np.empty(n_words, dtype=np.uint8)
    letters = np.array([_letters(word) for tier in words for word in tier.labels], dtype=np.int64)
    kernels.word_phone_duration(*_times(phones), start_us, end_us, letters, word_offsets, duration_s, guessed)

    z_pitch, z_energy, z_duration = (z_scores(feature, word_offsets) for feature in (log_f0, word_energy, duration_s))
    split = [slice(first, end) for first, end in pairwise(word_offsets)]
    return [
        WordProsody(
            words=tier.labels,
            start_s=tier.start_s,
            end_s=tier.end_s,
            voiced=~np.isnan(log_f0[own]),
            log_f0=log_f0[own],
            energy=word_energy[own],
            phone_duration_s=duration_s[own],
            guessed_duration=guessed[own].astype(bool),
            z_pitch=z_pitch[own],
            z_energy=z_energy[own],
            z_duration=z_duration[own],
        )
        for tier, own in zip(words, split, strict=True)
    ]


def frame_energy(waveforms: Sequence[Float32]) -> tuple[Float64, Int64]:
    """L2 norm of the one-sided STFT magnitude of each frame, of many 16 kHz waveforms.

    20 ms periodic Hann window, hop 10 ms, FFT size = window. Frames start at 0 and lie wholly inside the signal; a
    signal shorter than a window is padded with zeros to one. The centre of frame i lies at (i + 1) * 10 ms.

    Returns:
        energy [frames of all] float64, and offsets [waveforms + 1]: waveform i owns energy[offsets[i]:offsets[i + 1]].
    """
    samples = _flat(waveforms)
    if samples.dtype not in (np.float32, np.float64):
        samples = samples.astype(np.float64)
    frame_offsets = _offsets(1 + max(0, (len(waveform) - WINDOW) // HOP) for waveform in waveforms)
    energy = np.empty(frame_offsets[-1])
    kernels.frame_energy(samples, _offsets(map(len, waveforms)), HANN, HOP, frame_offsets, energy)
    return energy, frame_offsets


def z_scores(feature: Float64, word_offsets: Int64) -> Float64:
    """z-scores within each utterance (Eq. 1), population form, flat [words]; NaN is left out and gets 0.

    A feature that does not vary (relative spread up to 1e-9, which is rounding) gives 0 for every word.
    """
    z: Float64 = np.empty(len(feature))
    kernels.z_scores(feature, word_offsets, z)
    return z


def score_words(
    prosody: WordProsody, weight_pitch: float = 1.0, weight_energy: float = 1.2, weight_duration: float = 0.8
) -> Float64:
    """LEMf score of each word (paper Eq. 2, with its weights), [n_words] float64, no unit."""
    score: Float64 = np.empty(len(prosody.words))
    kernels.weighted_scores(
        prosody.z_pitch, prosody.z_energy, prosody.z_duration, weight_pitch, weight_energy, weight_duration, score
    )
    return score


def _check(waveform: Float32, alignment: Alignment, f0_hz: Float64) -> None:
    place = alignment.source or "alignment"
    spoken = _spoken(alignment.words)
    if not len(spoken):
        raise InputError(
            f"{place}: no spoken word among {len(alignment.words)} intervals of the word tier. "
            "Emphasis needs at least one word: check the tier, or leave this utterance out."
        )
    audio_s = len(waveform) / SAMPLE_RATE_HZ
    latest = int(np.argmax(spoken.end_s))
    if spoken.end_s[latest] > audio_s + WINDOW_S:  # an aligner may round up by a frame
        raise InputError(
            f"{place}: word '{spoken.labels[latest]}' ends at {spoken.end_s[latest]:.3f} s, but the audio ends at "
            f"{audio_s:.3f} s. Give the alignment that belongs to this audio, with times from its start."
        )
    expected = len(waveform) // round(HOP_S * SAMPLE_RATE_HZ) + 1
    if abs(len(f0_hz) - expected) > 1:
        raise InputError(
            f"{place}: {len(f0_hz)} F0 frames for {audio_s:.3f} s of audio, expected {expected} on the 5 ms grid. "
            "Compute F0 from this audio, with harvest(waveform, 16000)."
        )


def _spoken(tier: Tier) -> Tier:
    if tier.spoken.all():
        return tier
    kept = np.flatnonzero(tier.spoken)
    return Tier(tier.start_s[kept], tier.end_s[kept], tuple(tier.labels[i] for i in kept), tier.spoken[kept])


def _letters(word: str) -> int:
    return max(1, sum(character.isalnum() for character in word))


def _micros(seconds: Any) -> Any:
    """Whole microseconds, so that a boundary on the grid compares as equal to its grid point."""
    return np.rint(np.asarray(seconds, dtype=np.float64) * 1e6).astype(np.int64)


def _times(tiers: Sequence[Tier]) -> tuple[Int64, Int64, Int64]:
    """start_us, end_us flat, and offsets [tiers + 1]."""
    return (
        _micros(_flat([tier.start_s for tier in tiers])),
        _micros(_flat([tier.end_s for tier in tiers])),
        _offsets(map(len, tiers)),
    )


def _offsets(lengths: Iterable[int]) -> Int64:
    return np.array([0, *np.cumsum(list(lengths), dtype=np.int64)], dtype=np.int64)


def _flat(arrays: Sequence[Any]) -> Any:
    if len(arrays) == 1:  # spares a copy
        return np.ascontiguousarray(arrays[0])
    return np.concatenate(arrays) if arrays else np.empty(0)
