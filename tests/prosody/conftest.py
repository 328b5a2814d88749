"""A small utterance made of tones, with words and phones, for the prosody tests."""

from __future__ import annotations

import numpy as np
import pytest

from msftk.speech.alignment import make_alignment, make_tier
from msftk.types import Alignment

WORDS = [(0.1, 0.4, "that"), (0.4, 0.9, "agent"), (0.95, 1.2, "is"), (1.2, 1.9, "logged")]
PHONES = [(0.1, 0.25), (0.25, 0.4), (0.4, 0.6), (0.6, 0.9), (0.95, 1.2), (1.2, 1.5), (1.5, 1.9)]


def voice(f0_hz: float, seconds: float, loudness: float = 0.1) -> np.ndarray:
    """A harmonic tone that Harvest takes for a voice, [samples] float32 at 16 kHz."""
    t = np.arange(round(seconds * 16_000)) / 16_000
    return (loudness * sum(np.sin(2 * np.pi * k * f0_hz * t) / k for k in range(1, 6))).astype(np.float32)


@pytest.fixture(scope="session")
def waveform() -> np.ndarray:
    """2 s at 16 kHz; each word has its own pitch and loudness, the rest is faint noise."""
    sound = np.random.default_rng(0).normal(0, 1e-4, 32_000).astype(np.float32)
    for (start, end, _), f0_hz, loudness in zip(WORDS, (110, 210, 130, 120), (0.1, 0.3, 0.15, 0.1), strict=True):
        first = round(start * 16_000)
        tone = voice(f0_hz, end - start, loudness)
        sound[first : first + len(tone)] += tone
    return sound


@pytest.fixture(scope="session")
def f0_hz(waveform: np.ndarray) -> np.ndarray:
    from msftk.prosody import harvest

    return harvest(waveform, 16_000)


@pytest.fixture(scope="session")
def alignment() -> Alignment:
    starts, ends, labels = zip((0.0, 0.1, ""), *WORDS, (1.9, 2.0, "sil"), strict=True)
    begins, stops = zip(*PHONES, strict=True)
    return make_alignment(
        make_tier(starts, ends, labels), make_tier(begins, stops, ["AA"] * len(PHONES)), "s01.TextGrid"
    )
