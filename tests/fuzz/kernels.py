"""The kernels on arrays of any bits: what the file holds is a few choices, times of words and phones, and samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fuzz.frame import target

from msftk.prosody.ragged import HANN32, frame_count
from msftk_ext import harvest, prosody, simd

RATES_HZ = (8_000, 16_000, 22_050, 44_100, 192_000)
RANGES_HZ = (
    (71.0, 800.0),
    (20.0, 3_900.0),
    (300.0, 301.0),
)  # with the rates 15: as many as the kernel keeps tables for
WORDS = 6
HEAD = 2 + 4 * 2 * WORDS  # bytes before the samples: two choices, and start and end of words and phones as int16


def _seed(rate: int, samples: np.ndarray) -> bytes:
    times_ms = np.linspace(0, 60, WORDS + 1).astype(np.int16)
    tier = np.stack([times_ms[:-1], times_ms[1:]])
    return bytes([rate, 0]) + np.stack([tier, tier]).tobytes() + samples.astype(np.float32).tobytes()


_TIME = np.arange(1_000) / 16_000
SEEDS = (
    *(_seed(rate, 0.1 * np.sign(np.sin(2 * np.pi * 180 * _TIME))) for rate in range(len(RATES_HZ))),
    _seed(1, np.zeros(700)),
    _seed(1, 1e-30 * np.sin(2 * np.pi * 300 * _TIME[:321])),
)
PIECES = tuple(np.float32(value).tobytes() for value in (np.nan, np.inf, -np.inf, 3e38, 1e-45, -0.0))


@target(".bin", SEEDS, PIECES)
def kernels(path: Path) -> None:
    """F0, energy, word features and scores in every vector width; F0 is finite whatever the samples are."""
    raw = path.read_bytes().ljust(HEAD + 4, b"\0")
    rate_hz, (floor_hz, ceil_hz) = RATES_HZ[raw[0] % len(RATES_HZ)], RANGES_HZ[raw[1] % len(RANGES_HZ)]
    times_us = np.frombuffer(raw[2:HEAD], np.int16).reshape(4, WORDS).astype(np.int64) * 1000
    samples = np.frombuffer(raw[HEAD : HEAD + (len(raw) - HEAD) // 4 * 4], np.float32)
    for width in simd.widths():
        f0_hz = np.full(harvest.frames(len(samples), rate_hz, 1.0), np.nan)
        harvest.f0(samples, rate_hz, floor_hz, ceil_hz, f0_hz, width)
        assert np.isfinite(f0_hz).all()
        harvest.f0(samples.astype(np.float64), rate_hz, floor_hz, ceil_hz, f0_hz, width)
        assert np.isfinite(f0_hz).all()
        _emphasise(samples, f0_hz[::5].copy(), times_us, width)


def _emphasise(samples: np.ndarray, f0_hz: np.ndarray, times_us: np.ndarray, width: str) -> None:
    """One batch of two utterances, which share their samples and have half of the words and phones each."""
    energy = np.empty(frame_count(len(samples)))
    features = np.empty((len(prosody.FEATURES), WORDS))
    guessed = np.empty(WORDS, np.uint8)
    offsets = np.array([0, WORDS // 2, WORDS])
    letters = np.ones(WORDS, np.int64)
    top, first, last = np.empty((3, 2), np.int64)
    prosody.lemf_batch(
        *([samples, samples], [f0_hz, f0_hz], 5_000, HANN32, 10_000),
        *(times_us[0], times_us[1], letters, offsets, times_us[2], times_us[3], offsets),
        *(1.0, 1.2, 0.8, energy, features, guessed, top, first, last, width),
    )
    assert ((first >= 0) & (first <= top) & (top <= last) & (last < WORDS // 2)).all()
