"""How loud a sound is, and the same sound at another level."""

from __future__ import annotations

import numpy as np

from msftk.types import Float32


def power(waveform: Float32) -> float:
    """Mean square of [n] samples, summed in float64."""
    return float(np.square(waveform, dtype=np.float64).mean())


def from_db(decibels: float) -> float:
    """Ratio of powers."""
    return float(10 ** (decibels / 10))


def scaled(waveform: Float32, by_power: float) -> Float32:
    """[n] with `by_power` times its power."""
    changed: Float32 = waveform * np.float32(np.sqrt(by_power))
    return changed
