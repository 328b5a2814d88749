"""What is measured every 10 ms: mel bands, energy, tilt and pitch, and slopes of tracks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msftk.types import SAMPLE_RATE_HZ, Float32, Float64

HOP = 160  # samples, 10 ms
WINDOW = 400  # samples, 25 ms
FFT = 512
LOWEST_HZ, HIGHEST_HZ = 20.0, SAMPLE_RATE_HZ / 2
POWER_FLOOR = 1e-10
F0_PER_FRAME = 2  # F0 comes every 5 ms, frames every 10 ms; both count from time 0
DELTA_REACH = 2  # frames on each side
LOW_HZ, MIDDLE_HZ, HIGH_HZ = 50.0, 1000.0, 5000.0  # the two bands of eGeMAPS' alpha ratio (Eyben et al. 2016)


@dataclass(frozen=True)
class Tracks:
    """Of each frame, frame k centred at 10 k ms, natural logarithms of power.

    `log_mel` [frames, bands]; `log_energy` [frames]; `tilt` [frames], below over above 1 kHz; `f0_hz` [frames],
    0 = unvoiced.
    """

    log_mel: Float64
    log_energy: Float64
    tilt: Float64
    f0_hz: Float64


def measure(waveform: Float32, f0_hz: Float64 | None, filters: Float64) -> Tracks:
    """waveform [samples] at 16 kHz, f0_hz on a 5 ms grid, filters [bands, 257] -> tracks of 1 + samples // 160 frames.

    Raises ValueError without F0.
    """
    if f0_hz is None:
        raise ValueError("this encoder reads F0: give f0_hz on a 5 ms grid")
    power = power_spectra(waveform)
    return Tracks(
        log_mel=log_power(power @ filters.T),
        log_energy=log_power(power.sum(axis=1)),
        tilt=tilt(power),
        f0_hz=at_frames(f0_hz, len(power)),
    )


def speech_frames(log_energy: Float64, within_db: float) -> NDArray[np.bool_]:
    """[frames] bool: at most `within_db` below the loudest frame; never none."""
    loud: NDArray[np.bool_] = log_energy >= log_energy.max() - within_db * np.log(10) / 10
    return loud


def power_spectra(waveform: Float32) -> Float64:
    """[frames, 257] power of 25 ms periodic Hann windows; frame k is centred at sample 160 k, zeros beyond the ends."""
    n_frames = 1 + len(waveform) // HOP
    padded = np.zeros((n_frames - 1) * HOP + WINDOW)
    reach = min(len(waveform), len(padded) - WINDOW // 2)
    padded[WINDOW // 2 : WINDOW // 2 + reach] = waveform[:reach]
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    return np.abs(np.fft.rfft(frames * window, FFT)) ** 2 / FFT


def mel_filters(bands: int) -> Float64:
    """[bands, 257] triangles of height 1, equally spaced in mel = 2595 log10(1 + f / 700) from 20 Hz to 8 kHz.

    Triangle b rises from edge b to edge b + 1 and falls to edge b + 2.
    """
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, HIGHEST_HZ))
    edges_hz = 700 * (10 ** (np.linspace(lowest, highest, bands + 2) / 2595) - 1)
    bins_hz = np.arange(FFT // 2 + 1) * SAMPLE_RATE_HZ / FFT
    rise = (bins_hz - edges_hz[:-2, None]) / np.diff(edges_hz)[:-1, None]
    fall = (edges_hz[2:, None] - bins_hz) / np.diff(edges_hz)[1:, None]
    return np.clip(np.minimum(rise, fall), 0, None)


def log_power(power: Float64) -> Float64:
    return np.log(np.maximum(power, POWER_FLOOR))


def tilt(power: Float64) -> Float64:
    """power [frames, 257] -> [frames]: log power of 50 Hz to 1 kHz over that of 1 to 5 kHz."""
    bins_hz = np.arange(FFT // 2 + 1) * SAMPLE_RATE_HZ / FFT
    low, high = (bins_hz >= LOW_HZ) & (bins_hz < MIDDLE_HZ), (bins_hz >= MIDDLE_HZ) & (bins_hz < HIGH_HZ)
    return log_power(power[:, low].sum(axis=1)) - log_power(power[:, high].sum(axis=1))


def at_frames(f0_hz: Float64, n_frames: int) -> Float64:
    """[n_frames]: F0 (Hz, 0 = unvoiced) at each frame; frame k takes point 2 k."""
    return f0_hz[np.minimum(F0_PER_FRAME * np.arange(n_frames), len(f0_hz) - 1)]


def pitch_tracks(frame_f0_hz: Float64) -> tuple[Float64, Float64]:
    """log-F0 (drawn straight across unvoiced frames, held at the ends) and voicing (0 or 1), each [frames].

    Without any voiced frame log-F0 is 0 throughout: the voicing track tells it apart.
    """
    n_frames = len(frame_f0_hz)
    voiced = np.flatnonzero(frame_f0_hz > 0)
    if not len(voiced):
        return np.zeros(n_frames), np.zeros(n_frames)
    log_f0 = np.interp(np.arange(n_frames), voiced, np.log(frame_f0_hz[voiced]))
    return log_f0, (frame_f0_hz > 0).astype(np.float64)


def deltas(features: Float64) -> Float64:
    """[frames, features] slope over +-2 frames: sum_j j (x[t + j] - x[t - j]) / (2 sum_j j^2), ends repeated."""
    padded = np.pad(features, ((DELTA_REACH, DELTA_REACH), (0, 0)), mode="edge")
    n = len(features)
    reach = range(1, DELTA_REACH + 1)
    slopes = (j * (padded[DELTA_REACH + j :][:n] - padded[DELTA_REACH - j :][:n]) for j in reach)
    rise = sum(slopes, start=np.zeros(features.shape))
    return rise / (2 * sum(j * j for j in reach))
