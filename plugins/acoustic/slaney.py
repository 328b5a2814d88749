"""Mel filters on Slaney's scale: linear below 1 kHz, logarithmic above."""

from __future__ import annotations

import numpy as np

from msftk.types import SAMPLE_RATE_HZ, Float64


def mel_filters(window: int, n_bands: int) -> Float64:
    """[window // 2 + 1 bins, band] from 0 to 8 kHz at 16 kHz: triangles of area one."""
    highest_hz = SAMPLE_RATE_HZ / 2
    hz = _hz(np.linspace(0, _mel(highest_hz), n_bands + 2))
    bins = np.linspace(0, highest_hz, window // 2 + 1)
    rising = (bins[:, None] - hz[:-2]) / (hz[1:-1] - hz[:-2])
    falling = (hz[2:] - bins[:, None]) / (hz[2:] - hz[1:-1])
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (hz[2:] - hz[:-2])


def _mel(hz: float) -> float:
    """Of 1 kHz and more."""
    return 15 + 27 * float(np.log(hz / 1000) / np.log(6.4))


def _hz(mel: Float64) -> Float64:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))
