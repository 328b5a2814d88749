"""What is drawn of a recording over time: waveform, log-F0 and energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from msftk.prosody.words import frame_energy
from msftk.types import SAMPLE_RATE_HZ, Float32, Float64

STEP_S = 0.01


@dataclass(frozen=True)
class Curves:
    """One value each `step_s` seconds: sound's `low` and `high`, `log_f0` (None: unvoiced) of Hz, and `energy`, the
    frame's L2 norm."""

    step_s: float
    duration_s: float
    low: list[float]
    high: list[float]
    log_f0: list[float | None]
    energy: list[float]

    @classmethod
    def of(cls, waveform: Float32, f0_hz: Float64) -> Curves:
        """Args: waveform [n] at 16 kHz; f0_hz [frames] on the 5 ms grid."""
        step = round(STEP_S * SAMPLE_RATE_HZ)
        frames = waveform[: len(waveform) // step * step].reshape(-1, step)
        every = f0_hz[::2][: len(frames)]  # of the 5 ms grid
        return cls(
            step_s=STEP_S,
            duration_s=len(waveform) / SAMPLE_RATE_HZ,
            low=_rounded(frames.min(axis=1)),
            high=_rounded(frames.max(axis=1)),
            log_f0=[round(float(np.log(hz)), 4) if hz > 0 else None for hz in every],
            energy=_rounded(frame_energy([waveform])[0]),
        )


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 4) for value in values]
