"""An utterance that has everything, for checks: words, prosody, evidence."""

from __future__ import annotations

import numpy as np

from msftk.interfaces import Evidence
from msftk.types import SAMPLE_RATE_HZ, Alignment, Description, Emphasis, Float64, Tier, WordProsody


def alignment_of(n_words: int) -> Alignment:
    end_s: Float64 = np.arange(1, n_words + 1, dtype=np.float64) / 4
    start_s: Float64 = end_s - 0.25
    words = Tier(start_s, end_s, tuple("abcde"[:n_words]), np.ones(n_words, bool))
    phones = Tier(start_s, end_s, tuple("ABCDE"[:n_words]), np.ones(n_words, bool))
    return Alignment(words, phones)


def prosody_of(n_words: int) -> WordProsody:
    """Words that differ in every feature; the last one is unvoiced."""
    steps = np.arange(n_words, dtype=np.float64)
    voiced = steps < n_words - 1
    spread = steps.std() or 1.0
    z = (steps - steps.mean()) / spread
    alignment = alignment_of(n_words)
    return WordProsody(
        words=alignment.words.labels,
        start_s=alignment.words.start_s,
        end_s=alignment.words.end_s,
        voiced=voiced,
        log_f0=np.where(voiced, 5 + 0.1 * steps, np.nan),
        log_f0_min=np.where(voiced, 4.9 + 0.05 * steps, np.nan),
        energy=1 + steps,
        phone_duration_s=0.05 + 0.01 * steps,
        guessed_duration=np.zeros(n_words, bool),
        z_pitch=np.where(voiced, z, 0.0),
        z_energy=z,
        z_duration=z,
    )


def whole_evidence() -> Evidence:
    """An utterance that has everything."""
    time_s = np.arange(20_000) / SAMPLE_RATE_HZ
    prosody = prosody_of(5)
    return Evidence(
        id="whole",
        language="en",
        waveform=(0.1 * np.sin(2 * np.pi * 150 * time_s)).astype(np.float32),
        f0_hz=np.full(251, 150.0),
        alignment=alignment_of(5),
        transcript="a b c d e",
        emphasis=Emphasis(prosody, score=np.array([0.0, 1.0, 0.5, 0.2, 0.1]), top=1, first=0, last=2),
        description=Description(free_emotion="glad", scenario="in a shop", paralinguistics="a bright voice"),
    )
