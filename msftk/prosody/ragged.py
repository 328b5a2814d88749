"""LEMf of many utterances at once: columns over all their words, from one call of the compiled kernel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msftk.prosody.f0 import HOP_S, simd
from msftk.types import SAMPLE_RATE_HZ, Alignment, Float32, Float64, Tier, WordFeatures
from msftk_ext import prosody as kernels

Int64 = NDArray[np.int64]

WINDOW_S = 0.020  # paper Sec. 2.2; the hop is half of it, which the paper leaves open
WINDOW = round(WINDOW_S * SAMPLE_RATE_HZ)  # 320 samples
HOP = WINDOW // 2
HANN: Float64 = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)  # periodic
PAPER_WEIGHTS = (1.0, 1.2, 0.8)  # of z_pitch, z_energy, z_duration (paper Eq. 2)

HANN32 = kernels.EnergyWindow(HANN, HOP)


@dataclass(frozen=True, slots=True)
class RaggedWords:
    """Spoken words and phones of many utterances, flat; utterance i owns words[offsets[i]:offsets[i + 1]].

    Times are whole microseconds, so that a boundary on a grid compares as equal to its grid point.
    """

    tiers: tuple[Tier, ...]  # the spoken words of each utterance
    start_us: Int64
    end_us: Int64
    letters: Int64
    offsets: Int64
    phone_start_us: Int64
    phone_end_us: Int64
    phone_offsets: Int64

    @classmethod
    def of(cls, alignments: Sequence[Alignment]) -> RaggedWords:
        words = tuple(spoken(alignment.words) for alignment in alignments)
        start_us, end_us, offsets = _times(words)
        letters = np.empty(len(start_us), dtype=np.int64)
        kernels.count_letters(tuple(label for tier in words for label in tier.labels), letters)
        return cls(words, start_us, end_us, letters, offsets, *_times([spoken(a.phones) for a in alignments]))

    def __len__(self) -> int:
        return len(self.tiers)


@dataclass(frozen=True, slots=True, kw_only=True)
class LemfBatch(WordFeatures):
    """LEMf of many utterances: features and score of all their words, top word and segment [utterances].

    Utterance i owns words[offsets[i]:offsets[i + 1]]. `first` and `last` bound the emphasis segment; they and `top`
    count within the utterance.
    """

    offsets: Int64
    score: Float64
    top: Int64
    first: Int64
    last: Int64


def lemf_batch(
    waveforms: Sequence[Float32],
    f0_hz: Sequence[Float64],
    words: RaggedWords,
    weights: tuple[float, float, float] = PAPER_WEIGHTS,
) -> LemfBatch:
    """Energy, word features, z-scores, scores and segments of many utterances (paper Sec. 2.2, Eqs. 1-2).

    One compiled call without the interpreter lock; an utterance's bits depend neither on the batch around it, nor on
    its order, nor on threads. Energy is summed in float32 (relative error below 1e-6).

    Args:
        waveforms: each [samples] mono at 16 kHz; f0_hz: each [frames] on the 5 ms grid, 0 = unvoiced.
        words: at least one spoken word an utterance (`check_utterance`).
    Raises:
        InputError: MSFTK_SIMD names no vector width, or one that this processor lacks (`f0.simd`).

    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> found = lemf_batch([np.zeros(16_000, np.float32)], [np.full(201, 120.0)], RaggedWords.of([aligned]))
    >>> found.phone_duration_s.round(3).tolist(), found.score.round(2).tolist()
    ([0.125, 0.167], [-0.8, 0.8])
    """
    samples = [np.ascontiguousarray(waveform, dtype=np.float32) for waveform in waveforms]
    tracks = [np.ascontiguousarray(track, dtype=np.float64) for track in f0_hz]
    longest = max((frame_count(len(waveform)) for waveform in samples), default=1)
    features: Float64 = np.empty((len(kernels.FEATURES), len(words.start_us)))
    guessed = np.empty(len(words.start_us), dtype=np.uint8)
    top, first, last = np.empty((3, len(words)), dtype=np.int64)
    kernels.lemf_batch(
        samples,
        tracks,
        micros(HOP_S),
        HANN32,
        micros(HOP / SAMPLE_RATE_HZ),
        words.start_us,
        words.end_us,
        words.letters,
        words.offsets,
        words.phone_start_us,
        words.phone_end_us,
        words.phone_offsets,
        *weights,
        np.empty(longest),
        features,
        guessed,
        top,
        first,
        last,
        simd(),
    )
    columns = dict(zip(kernels.FEATURES, features, strict=True))
    return LemfBatch(
        offsets=words.offsets, guessed_duration=guessed.astype(np.bool_), top=top, first=first, last=last, **columns
    )


def frame_count(n_samples: int) -> int:
    """Energy frames of a signal: they start at 0 and lie wholly inside; a shorter signal has one, padded with zeros.

    >>> frame_count(16_000), frame_count(100)
    (99, 1)
    """
    return 1 + max(0, (n_samples - WINDOW) // HOP)


def spoken(tier: Tier) -> Tier:
    """The tier without silences, fillers and noises.

    >>> from msftk.speech.alignment import make_tier
    >>> spoken(make_tier([0.0, 0.5], [0.5, 1.0], ["sil", "now"])).labels
    ('now',)
    """
    if tier.spoken.all():
        return tier
    kept = np.flatnonzero(tier.spoken)
    return Tier(tier.start_s[kept], tier.end_s[kept], tuple(tier.labels[i] for i in kept), tier.spoken[kept])


def micros(seconds: Any) -> Any:
    """Whole microseconds.

    >>> int(micros(0.1) + micros(0.2)) == int(micros(0.3))
    True
    """
    return np.rint(np.asarray(seconds, dtype=np.float64) * 1e6).astype(np.int64)


def offsets_of(lengths: Iterable[int]) -> Int64:
    """[items + 1] from the length of each item.

    >>> offsets_of([3, 0, 2]).tolist()
    [0, 3, 3, 5]
    """
    return np.array([0, *np.cumsum(list(lengths), dtype=np.int64)], dtype=np.int64)


def flat(arrays: Sequence[Any]) -> Any:
    """All arrays end to end; one array is returned as it is, if contiguous.

    >>> flat([np.array([1, 2]), np.array([3])]).tolist()
    [1, 2, 3]
    """
    if len(arrays) == 1:  # spares a copy
        return np.ascontiguousarray(arrays[0])
    return np.concatenate(arrays) if arrays else np.empty(0)


def _times(tiers: Sequence[Tier]) -> tuple[Int64, Int64, Int64]:
    """start_us, end_us flat, and offsets [tiers + 1]."""
    return (
        micros(flat([tier.start_s for tier in tiers])),
        micros(flat([tier.end_s for tier in tiers])),
        offsets_of(map(len, tiers)),
    )
