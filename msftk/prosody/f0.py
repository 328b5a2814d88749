"""Where the voice is, and how high: WORLD Harvest by our own kernel (ext/harvest)."""

from __future__ import annotations

import os

import numpy as np

from msftk.errors import InputError
from msftk.speech.audio import check_waveform
from msftk.types import Float32, Float64
from msftk_ext import harvest as kernel
from msftk_ext.simd import widest_or

KERNEL_VERSION = "1"  # changes with the kernel's numbers, so that stored F0 of an older kernel is not taken for its own
F0_FLOOR_HZ = 71.0  # pyworld's defaults
F0_CEIL_HZ = 800.0
HOP_S = 0.005  # grid of every F0
LOWEST_F0_HZ = 10.0  # the kernel's tables grow with the square of the longest period
LOWEST_RATE_HZ = 8_000  # Harvest works at 8 kHz inside; far below it returns zeros without a word


def n_points(seconds: float) -> int:
    """Points of F0 within so much sound, the one at 0 among them.

    >>> n_points(0.012)
    3
    """
    return int(seconds / HOP_S) + 1


def harvest(
    waveform: Float32 | Float64,
    sample_rate_hz: int,
    f0_floor_hz: float = F0_FLOOR_HZ,
    f0_ceil_hz: float = F0_CEIL_HZ,
    hop_s: float = HOP_S,
) -> Float64:
    """F0 by WORLD Harvest (Morise 2017): pyworld's numbers, to a thousandth of a cent on speech, some 30 times faster.

    `MSFTK_SIMD=scalar|avx2|avx512` in the environment chooses the vector width; else it is the processor's widest.

    Args:
        waveform: [samples] mono, any float type, memory order left alone.
        sample_rate_hz: any rate from 8 kHz up; 16 kHz is the fast path.
    Returns:
        [frames] float64 in Hz, 0 = unvoiced; frame i lies at i * hop_s; floor(duration / hop_s) + 1 frames. Silence and
        signals of a few samples are all unvoiced.
    Raises:
        InputError: empty, one sample, several channels, NaN or infinite samples, impossible rate, range or hop, or an
            MSFTK_SIMD that this processor lacks.

    >>> seconds = np.arange(16_000) / 16_000
    >>> voice = sum(np.sin(2 * np.pi * 120 * harmonic * seconds) / harmonic for harmonic in range(1, 6))
    >>> f0_hz = harvest(voice, 16_000)
    >>> len(f0_hz), round(f0_hz[100])
    (201, 120)
    """
    check_waveform(waveform, "waveform")
    if sample_rate_hz < LOWEST_RATE_HZ:
        raise InputError(
            f"sample rate {sample_rate_hz} Hz: Harvest finds F0 from {LOWEST_RATE_HZ} Hz up. Resample the audio first."
        )
    if not LOWEST_F0_HZ <= f0_floor_hz < f0_ceil_hz < sample_rate_hz / 2:
        raise InputError(
            f"F0 range {f0_floor_hz:g}..{f0_ceil_hz:g} Hz: expected {LOWEST_F0_HZ:g} <= floor < ceil < "
            f"{sample_rate_hz / 2:g} Hz, half the sample rate."
        )
    if not 0.001 <= hop_s <= 1:
        raise InputError(f"F0 hop {hop_s:g} s: expected 0.001 to 1 s (Harvest works on a 1 ms grid inside).")
    samples = np.ascontiguousarray(waveform, dtype=np.float32 if waveform.dtype == np.float32 else np.float64)
    grid_hz = np.empty(kernel.frames(len(samples), sample_rate_hz, 1.0))
    kernel.f0(samples, int(sample_rate_hz), f0_floor_hz, f0_ceil_hz, grid_hz, simd())
    if hop_s == 0.001:
        return grid_hz
    hop_ms = hop_s * 1000
    frames = np.arange(kernel.frames(len(samples), sample_rate_hz, hop_ms))
    nearest = np.floor(frames * hop_ms / 1000 * 1000 + 0.5).astype(np.int64)  # as in WORLD, rounding included
    f0_hz: Float64 = grid_hz[np.minimum(nearest, len(grid_hz) - 1)]
    return f0_hz


def simd() -> str:
    """Vector width of the F0 and energy kernels in use: scalar, avx2 or avx512.

    Raises:
        InputError: MSFTK_SIMD names none, or one that this processor lacks.

    >>> simd() in ("scalar", "avx2", "avx512")
    True
    """
    try:
        return str(widest_or(os.environ.get("MSFTK_SIMD", "")))
    except ValueError as error:
        raise InputError(f"MSFTK_SIMD={error}. Correct or unset the variable.") from error
