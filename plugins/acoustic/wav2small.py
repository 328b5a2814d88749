"""Wav2Small: a speech encoder of 17,000 parameters, distilled from large ones (arXiv 2408.13920, version 2.0)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from msftk.interfaces import AcousticEncoder
from msftk.interfaces import Options as BaseOptions
from msftk.types import Float32, Float64
from msftk_plugins.acoustic.slaney import mel_filters

WINDOW, HOP, MELS = 64, 32, 26  # samples, samples, bands: 4 ms, 2 ms
BINS = WINDOW // 2 + 1
HALF = MELS // 2  # bands after the pooling
SHORTEST = WINDOW  # samples of one frame
VARIANCE_EPS = 1e-7
POWER_FLOOR = 1e-10
BEFORE_POOLING, AFTER_POOLING = 3, 4  # convolutions


class Wav2Small(AcousticEncoder, nn.Module):
    """Log-mel bands every 2 ms -> seven 3x3 convolutions -> attention over time, and what bands share: one frame.

    The waveform is normalised for each utterance. Convolutions reach over the end, so each utterance is heard alone, at
    its own length: the rest of a batch changes nothing. Fourier and mel filters are weights that do not learn.
    """

    class Options(BaseOptions):
        channels: int = Field(13, ge=1, description="width of every convolution")

    pools: ClassVar[bool] = True
    fourier: Tensor
    mel: Tensor

    def __init__(self, options: Options) -> None:
        super().__init__()
        width = options.channels
        self.dim = width * (HALF + width)
        self.register_buffer("fourier", _fourier())
        self.register_buffer("mel", torch.from_numpy(mel_filters(WINDOW, MELS)).float())
        self.convolutions = nn.ModuleList(
            _convolution(width if place else 1, width) for place in range(BEFORE_POOLING + AFTER_POOLING)
        )
        self.value = nn.Conv2d(width, width, 1)
        self.score = nn.Conv2d(width, width, 1)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32:
        """waveform [samples] -> [samples], zero mean and unit variance, zero-padded to what one frame needs."""
        normed = (waveform - waveform.mean()) / np.sqrt(waveform.var() + VARIANCE_EPS)
        return np.pad(normed, (0, max(0, SHORTEST - len(normed)))).astype(np.float32)

    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Nothing is fitted."""

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """inputs [batch, samples], lengths [batch] -> frames [batch, 1, dim], valid: all."""
        frames = torch.stack([self._heard(row[:n]) for row, n in zip(inputs, lengths.tolist(), strict=True)])
        return frames, torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)

    def _heard(self, samples: Tensor) -> Tensor:
        """[samples] -> [1, dim]"""
        spectra = nn.functional.conv1d(samples[None, None], self.fourier, stride=HOP).square()  # [1, 2 bins, time]
        power = (spectra[:, :BINS] + spectra[:, BINS:]).transpose(1, 2)  # [1, time, bins]
        hidden = 10 * torch.log10((power @ self.mel).clamp(min=POWER_FLOOR))[:, None]  # [1, 1, time, mel]
        for place, convolution in enumerate(self.convolutions):
            hidden = convolution(self.pool(hidden) if place == BEFORE_POOLING else hidden)
        summed = (self.value(hidden) * self.score(hidden).softmax(2)).sum(2)  # [1, channel, band]
        return torch.cat([summed, summed @ summed.transpose(1, 2)], dim=2).reshape(1, -1)

    def pretrained_parameters(self) -> Iterable[nn.Parameter]:
        return self.parameters()


def _convolution(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU())


def _fourier() -> Tensor:
    """[2 bins, 1, window]: cosines and negative sines under a periodic Hann window."""
    place = np.arange(WINDOW)
    angle = 2 * np.pi * np.outer(np.arange(BINS), place) / WINDOW
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * place / WINDOW)
    return torch.from_numpy(np.concatenate([np.cos(angle), -np.sin(angle)]) * hann).float().unsqueeze(1)
