"""A small acoustic encoder of our own: log-mel, energy and pitch through convolutions; no download."""

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
from msftk_plugins.acoustic.moments import moments
from msftk_plugins.acoustic.padding import within
from msftk_plugins.acoustic.tracks import deltas, measure, mel_filters, pitch_tracks, speech_frames

MARGIN = 20  # frames kept before the first and after the last frame of speech


class LogMel(AcousticEncoder, nn.Module):
    """Log-mel bands, log energy, log-F0, voicing and their deltas every 10 ms -> convolutions -> frames every 20 ms.

    Silence before and after the speech is cut off, else it makes up the statistics: frames count from 200 ms before
    the first speech. Inputs are normalised by mean and standard deviation of the training frames. LayerNorm works on
    single frames and padding is zeroed before every convolution, so neither padding nor the rest of the batch changes
    an utterance.
    """

    class Options(BaseOptions):
        bands: int = Field(40, ge=4, le=128, description="mel bands from 20 Hz to 8 kHz")
        channels: int = Field(64, ge=1, description="width of every layer, and of the frames")
        layers: int = Field(3, ge=1, description="convolutions; the first halves the frame rate")
        dropout: float = Field(0.2, ge=0, lt=1, description="dropout after each layer")
        trim_db: float = Field(40.0, gt=0, description="speech ends this far below the loudest frame; 1000: keep all")

    needs_f0: ClassVar[bool] = True

    mean: Tensor
    sd: Tensor

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.dim = options.channels
        self.filters = mel_filters(options.bands)
        self.trim_db = options.trim_db
        n_features = 2 * (options.bands + 3)
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
        tracks = measure(waveform, f0_hz, self.filters)
        features = np.column_stack([tracks.log_mel, tracks.log_energy, *pitch_tracks(tracks.f0_hz)])
        speech = np.flatnonzero(speech_frames(tracks.log_energy, self.trim_db))
        kept = slice(max(0, speech[0] - MARGIN), speech[-1] + 1 + MARGIN)
        return np.hstack([features, deltas(features)])[kept].astype(np.float32)

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
