"""Where the voice is, and how high: WORLD Harvest."""

from __future__ import annotations

import warnings
from functools import cache
from threading import Lock
from typing import Any

import numpy as np

from msftk.errors import InputError
from msftk.speech.audio import check_waveform
from msftk.types import Float32, Float64

F0_FLOOR_HZ = 71.0  # pyworld's defaults
F0_CEIL_HZ = 800.0
HOP_S = 0.005
LOWEST_RATE_HZ = 8_000  # Harvest works at 8 kHz inside; far below it returns zeros without a word


def harvest(
    waveform: Float32 | Float64,
    sample_rate_hz: int,
    f0_floor_hz: float = F0_FLOOR_HZ,
    f0_ceil_hz: float = F0_CEIL_HZ,
    hop_s: float = HOP_S,
) -> Float64:
    """F0 by WORLD Harvest (Morise 2017), as pyworld computes it.

    Args:
        waveform: [samples] mono, any float type, memory order left alone.
        sample_rate_hz: any rate from 8 kHz up.
    Returns:
        [frames] float64 in Hz, 0 = unvoiced; frame i lies at i * hop_s; floor(duration / hop_s) + 1 frames. Silence and
        signals of a few samples are all unvoiced.
    Raises:
        InputError: empty, one sample, several channels, NaN or infinite samples, impossible rate, range or hop.
    """
    check_waveform(waveform, "waveform")
    if sample_rate_hz < LOWEST_RATE_HZ:
        raise InputError(
            f"sample rate {sample_rate_hz} Hz: Harvest finds F0 from {LOWEST_RATE_HZ} Hz up. Resample the audio first."
        )
    if not 0 < f0_floor_hz < f0_ceil_hz < sample_rate_hz / 2:
        raise InputError(
            f"F0 range {f0_floor_hz:g}..{f0_ceil_hz:g} Hz: expected 0 < floor < ceil < {sample_rate_hz / 2:g} Hz, "
            "half the sample rate."
        )
    if not 0.001 <= hop_s <= 1:
        raise InputError(f"F0 hop {hop_s:g} s: expected 0.001 to 1 s (Harvest works on a 1 ms grid inside).")
    samples = np.ascontiguousarray(waveform, dtype=np.float64)  # pyworld refuses any other layout
    f0_hz: Float64
    f0_hz, _ = _pyworld().harvest(
        samples, int(sample_rate_hz), f0_floor=f0_floor_hz, f0_ceil=f0_ceil_hz, frame_period=hop_s * 1000
    )
    return f0_hz


_importing = Lock()  # catch_warnings in two threads at once would leave the filters changed


def _pyworld() -> Any:
    with _importing:
        return _import_pyworld()


@cache
def _import_pyworld() -> Any:
    with warnings.catch_warnings():  # pyworld 0.3.5 imports pkg_resources, which says that it is deprecated
        warnings.simplefilter("ignore")
        import pyworld
    return pyworld
