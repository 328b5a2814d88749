"""Wav2Small: a speech encoder of 17,000 parameters, distilled from large ones (arXiv 2408.13920, version 2.0)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

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
        self.convolutions: Any = nn.ModuleList(
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
            frames = torch.cat([self._heard(row[None, :n]) for row, n in zip(inputs, lengths.tolist(), strict=True)])
        return frames, torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)

    def _heard(self, samples: Tensor, lengths: Tensor | None = None) -> Tensor:
        """samples [batch, n] -> [batch, 1, dim]; what is behind `lengths` [batch] is silent to every layer."""
        power = power_spectra(samples.unsqueeze(1), self.fourier, HOP)
        hidden = 10 * torch.log10((power @ self.mel).clamp(min=POWER_FLOOR)).unsqueeze(1)  # [batch, 1, time, mel]
        hidden, n_frames = self._convolved(hidden, None if lengths is None else (lengths - WINDOW) // HOP + 1)
        hidden = hidden.permute(0, 2, 3, 1)  # [batch, time, band, channel]
        value, score = (linear(hidden, one.weight.flatten(1), one.bias) for one in (self.value, self.score))
        if n_frames is not None:
            score = score.masked_fill(_behind(score, n_frames), -torch.inf)
        summed = (value * score.softmax(1)).sum(1)  # [batch, band, channel]
        frames: Tensor = torch.cat([summed.mT, summed.mT @ summed], dim=2).flatten(1).unsqueeze(1)
        return frames

    def _convolved(self, hidden: Tensor, n_frames: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """[batch, 1, time, mel] and its frames [batch] (None: all) -> [batch, channel, half, half] and its frames."""
        hidden = hidden.contiguous(memory_format=torch.channels_last)  # convolutions are twice as fast so
        for place, (conv, norm, _) in enumerate(self.convolutions):
            if place == BEFORE_POOLING:
                hidden = self.pool(_silenced(hidden, n_frames))
                n_frames = None if n_frames is None else (n_frames + 1) // 2
            hidden = _silenced(hidden, n_frames)
            hidden = norm(conv(hidden)) if self.training else conv2d(hidden, *_folded(conv, norm), padding=1)
            hidden = hidden.relu_()
        return hidden, n_frames

    def pretrained_parameters(self) -> Iterable[nn.Parameter]:
        return self.parameters()


def _behind(hidden: Tensor, n_frames: Tensor) -> Tensor:
    """hidden [batch, time, ...] -> bool [batch, time, 1, 1]: what is no frame of the recording."""
    own: Tensor = within(n_frames, hidden.shape[1])
    return ~own[:, :, None, None]


def _silenced(hidden: Tensor, n_frames: Tensor | None) -> Tensor:
    """hidden [batch, channel, time, band], zero behind `n_frames` [batch]."""
    if n_frames is None:
        return hidden
    return hidden.masked_fill(_behind(hidden.transpose(1, 2), n_frames).transpose(1, 2), 0.0)


def _convolution(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU())


def _folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of the convolution with what its norm does in evaluation."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    weight = (conv.weight * scale.view(-1, 1, 1, 1)).contiguous(memory_format=torch.channels_last)
    return weight, norm.bias - norm.running_mean * scale
