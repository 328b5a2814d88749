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
from msftk_plugins.acoustic.mel_in_graph import fourier, power_spectra
from msftk_plugins.acoustic.padding import within
from msftk_plugins.acoustic.slaney import mel_filters
from msftk_plugins.acoustic.waveforms import normalised

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
    shortest_samples = SHORTEST
    fourier: Tensor
    mel: Tensor

    def __init__(self, options: Options) -> None:
        super().__init__()
        width = options.channels
        self.dim = width * (HALF + width)
        self.register_buffer("fourier", fourier(WINDOW))
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

    def in_graph(self, value: str | None = None) -> Wav2Small:
        return self

    def from_sound(self, samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """samples [batch, n], lengths [batch] -> both as `prepare` makes them; n is at least one frame."""
        return normalised(samples, lengths, VARIANCE_EPS), lengths.clamp(min=SHORTEST)

    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Nothing is fitted."""

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """inputs [batch, samples], lengths [batch] -> frames [batch, 1, dim], valid: all."""
        if torch.compiler.is_compiling():
            frames = self._heard(inputs, lengths)
        else:
            own = [
                (row[None, :n], lengths[k : k + 1])
                for k, (row, n) in enumerate(zip(inputs, lengths.tolist(), strict=True))
            ]
            frames = torch.cat([self._heard(*one) for one in own])
        return frames, torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)

    def _heard(self, samples: Tensor, lengths: Tensor) -> Tensor:
        """samples [batch, n], lengths [batch] -> [batch, 1, dim]; what is behind a length is silent to every layer."""
        power = power_spectra(samples.unsqueeze(1), self.fourier, HOP)
        hidden = 10 * torch.log10((power @ self.mel).clamp(min=POWER_FLOOR)).unsqueeze(1)  # [batch, 1, time, mel]
        n_frames = (lengths - WINDOW) // HOP + 1
        for place, convolution in enumerate(self.convolutions):
            if place == BEFORE_POOLING:
                hidden, n_frames = self.pool(_silenced(hidden, n_frames)), (n_frames + 1) // 2
            hidden = convolution(_silenced(hidden, n_frames))
        score = self.score(hidden).masked_fill(_behind(hidden, n_frames), -torch.inf)
        summed = (self.value(hidden) * score.softmax(2)).sum(2)  # [batch, channel, band]
        frames: Tensor = torch.cat([summed, summed @ summed.transpose(1, 2)], dim=2).flatten(1).unsqueeze(1)
        return frames

    def pretrained_parameters(self) -> Iterable[nn.Parameter]:
        return self.parameters()


def _behind(hidden: Tensor, n_frames: Tensor) -> Tensor:
    """[batch, 1, time, 1] bool: what is no frame of the recording."""
    own: Tensor = within(n_frames, hidden.shape[2])
    return ~own[:, None, :, None]


def _silenced(hidden: Tensor, n_frames: Tensor) -> Tensor:
    return hidden.masked_fill(_behind(hidden, n_frames), 0.0)


def _convolution(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU())
