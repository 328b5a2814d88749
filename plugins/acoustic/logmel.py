"""A small acoustic encoder of our own: log-mel, energy and pitch through convolutions; no download."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from msftk.interfaces import AcousticEncoder
from msftk.types import Float32, Float64
from msftk_plugins.acoustic.moments import moments
from msftk_plugins.acoustic.padding import within
from msftk_plugins.front_ends.logmel import LogMelFrames


class LogMel(AcousticEncoder, nn.Module):
    """Log-mel bands, log energy, log-F0, voicing and their deltas every 10 ms -> convolutions -> frames every 20 ms.

    It reads what the front end of its name prepares. Inputs are normalised by mean and standard deviation of the
    training frames. LayerNorm works on single frames and padding is zeroed before every convolution, so neither padding
    nor the rest of the batch changes an utterance.
    """

    class Options(LogMelFrames.Options):
        channels: int = Field(64, ge=1, description="width of every layer, and of the frames")
        layers: int = Field(3, ge=1, description="convolutions; the first halves the frame rate")
        dropout: float = Field(0.2, ge=0, lt=1, description="dropout after each layer")

    prepares_with: ClassVar[str] = "logmel"
    needs_f0: ClassVar[bool] = True

    mean: Tensor
    sd: Tensor

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.dim = options.channels
        self.frames = LogMelFrames(LogMelFrames.Options(bands=options.bands, trim_db=options.trim_db))
        n_features = self.frames.n_features
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("sd", torch.ones(n_features))
        self.first = nn.Conv1d(n_features, self.dim, kernel_size=5, stride=2, padding=2)
        self.others = nn.ModuleList(
            nn.Conv1d(self.dim, self.dim, kernel_size=3, padding=1) for _ in range(options.layers - 1)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(self.dim) for _ in range(options.layers))
        self.dropout = nn.Dropout(options.dropout)

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32:
        """waveform [samples] at 16 kHz, f0_hz on a 5 ms grid -> [frames, features], a frame every 10 ms."""
        frames: Float32 = self.frames.prepare(waveform, f0_hz)
        return frames

    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Mean and standard deviation over all frames of the training utterances, summed in float64."""
        mean, sd = moments(prepared)
        self.mean.copy_(mean)
        self.sd.copy_(sd)

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
        activated: Tensor = self.dropout(torch.relu(norm(hidden)))
        return activated.masked_fill(~valid.unsqueeze(-1), 0.0)
