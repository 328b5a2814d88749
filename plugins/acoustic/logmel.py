"""A small acoustic encoder of our own: log-mel bands, energy and pitch through a few convolutions; no download."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from msftk.interfaces import Options as BaseOptions
from msftk.types import SAMPLE_RATE_HZ, Float32, Float64

HOP = 160  # samples, 10 ms
WINDOW = 400  # samples, 25 ms
FFT = 512
LOWEST_HZ, HIGHEST_HZ = 20.0, SAMPLE_RATE_HZ / 2
POWER_FLOOR = 1e-10
F0_PER_FRAME = 2  # F0 comes every 5 ms, frames every 10 ms; both count from time 0
DELTA_REACH = 2  # frames on each side
SD_FLOOR = 1e-3  # a band that never varies in training (digital silence) must not be blown up


class LogMel(nn.Module):
    """Log-mel bands, log energy, log-F0, voicing and their deltas every 10 ms -> convolutions -> frames every 20 ms.

    Inputs are normalised by mean and standard deviation of the training frames. LayerNorm works on single frames and
    padding is zeroed before every convolution, so neither padding nor the rest of the batch changes an utterance.
    """

    class Options(BaseOptions):
        bands: int = Field(40, ge=4, le=128, description="mel bands from 20 Hz to 8 kHz")
        channels: int = Field(64, ge=1, description="width of every layer, and of the frames")
        layers: int = Field(3, ge=1, description="convolutions; the first halves the frame rate")
        dropout: float = Field(0.2, ge=0, lt=1, description="dropout after each layer")

    needs_f0: ClassVar[bool] = True

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.dim = options.channels
        self.filters = mel_filters(options.bands)
        n_features = 2 * (options.bands + 3)
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("sd", torch.ones(n_features))
        self.first = nn.Conv1d(n_features, self.dim, kernel_size=5, stride=2, padding=2)
        self.others = nn.ModuleList(
            nn.Conv1d(self.dim, self.dim, kernel_size=3, padding=1) for _ in range(options.layers - 1)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(self.dim) for _ in range(options.layers))
        self.dropout = nn.Dropout(options.dropout)

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Tensor:
        """waveform [samples] at 16 kHz, f0_hz on a 5 ms grid -> [frames, features], frame k centred at 10 k ms."""
        if f0_hz is None:
            raise ValueError("logmel reads F0: give f0_hz on a 5 ms grid")
        power = power_spectra(waveform)
        log_mel = np.log(np.maximum(power @ self.filters.T, POWER_FLOOR))
        log_energy = np.log(np.maximum(power.sum(axis=1), POWER_FLOOR))
        log_f0, voicing = pitch_tracks(f0_hz, len(power))
        features = np.column_stack([log_mel, log_energy, log_f0, voicing])
        return torch.from_numpy(np.hstack([features, deltas(features)]).astype(np.float32))

    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Mean and standard deviation over all frames of the training utterances, summed in float64."""
        n, total, squares = 0, 0.0, 0.0
        for features in prepared:
            frames = features.double()
            n, total, squares = n + len(frames), total + frames.sum(dim=0), squares + frames.square().sum(dim=0)
        mean = total / n
        self.mean.copy_(mean)
        self.sd.copy_((squares / n - mean.square()).clamp(min=SD_FLOOR**2).sqrt())

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """inputs [batch, n, features], lengths [batch] -> frames [batch, ceil(n / 2), channels], valid."""
        valid = within(lengths, inputs.shape[1])
        normalised = (inputs - self.mean) / self.sd
        hidden = self.first(normalised.masked_fill(~valid.unsqueeze(-1), 0.0).transpose(1, 2)).transpose(1, 2)
        valid = within((lengths + 1) // 2, hidden.shape[1])
        hidden = self._activated(hidden, valid, self.norms[0])
        for convolution, norm in zip(self.others, self.norms[1:], strict=True):
            update = convolution(hidden.transpose(1, 2)).transpose(1, 2)
            hidden = hidden + self._activated(update, valid, norm)
        return hidden, valid

    def pretrained_parameters(self) -> Iterable[nn.Parameter]:
        return ()

    def _activated(self, hidden: Tensor, valid: Tensor, norm: nn.Module) -> Tensor:
        return self.dropout(torch.relu(norm(hidden))).masked_fill(~valid.unsqueeze(-1), 0.0)


def within(lengths: Tensor, n: int) -> Tensor:
    """[batch, n] bool: the first `lengths` of n places."""
    return torch.arange(n, device=lengths.device) < lengths.unsqueeze(1)


def power_spectra(waveform: Float32) -> NDArray[np.float64]:
    """[frames, 257] power of 25 ms periodic Hann windows; frame k is centred at sample 160 k, zeros beyond the ends."""
    n_frames = 1 + len(waveform) // HOP
    padded = np.zeros((n_frames - 1) * HOP + WINDOW)
    reach = min(len(waveform), len(padded) - WINDOW // 2)
    padded[WINDOW // 2 : WINDOW // 2 + reach] = waveform[:reach]
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    return np.abs(np.fft.rfft(frames * window, FFT)) ** 2 / FFT


def mel_filters(bands: int) -> NDArray[np.float64]:
    """[bands, 257] triangles of height 1, equally spaced in mel = 2595 log10(1 + f / 700) from 20 Hz to 8 kHz.

    Triangle b rises from edge b to edge b + 1 and falls to edge b + 2.
    """
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, HIGHEST_HZ))
    edges_hz = 700 * (10 ** (np.linspace(lowest, highest, bands + 2) / 2595) - 1)
    bins_hz = np.arange(FFT // 2 + 1) * SAMPLE_RATE_HZ / FFT
    rise = (bins_hz - edges_hz[:-2, None]) / np.diff(edges_hz)[:-1, None]
    fall = (edges_hz[2:, None] - bins_hz) / np.diff(edges_hz)[1:, None]
    return np.clip(np.minimum(rise, fall), 0, None)


def pitch_tracks(f0_hz: Float64, n_frames: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """log-F0 (drawn straight across unvoiced frames, held at the ends) and voicing (0 or 1), each [n_frames].

    Frame k takes F0 point 2 k. Without any voiced point log-F0 is 0 throughout: the voicing track tells it apart.
    """
    points = np.minimum(F0_PER_FRAME * np.arange(n_frames), len(f0_hz) - 1)
    frame_f0_hz = f0_hz[points]
    voiced = np.flatnonzero(frame_f0_hz > 0)
    if not len(voiced):
        return np.zeros(n_frames), np.zeros(n_frames)
    log_f0 = np.interp(np.arange(n_frames), voiced, np.log(frame_f0_hz[voiced]))
    return log_f0, (frame_f0_hz > 0).astype(np.float64)


def deltas(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """[frames, features] slope over +-2 frames: sum_j j (x[t + j] - x[t - j]) / (2 sum_j j^2), ends repeated."""
    padded = np.pad(features, ((DELTA_REACH, DELTA_REACH), (0, 0)), mode="edge")
    n = len(features)
    reach = range(1, DELTA_REACH + 1)
    rise = sum(j * (padded[DELTA_REACH + j :][:n] - padded[DELTA_REACH - j :][:n]) for j in reach)
    return rise / (2 * sum(j * j for j in reach))
