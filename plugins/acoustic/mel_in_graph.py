"""Mel features of a batch of recordings by operations that a graph can hold."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, pad

from msftk_plugins.acoustic.mel import HOP, WINDOW, WhisperMel
from msftk_plugins.acoustic.padding import within
from msftk_plugins.acoustic.slaney import mel_filters


class WhisperRows(nn.Module):
    """What `WhisperMel.prepare` makes of each recording: all rows that Whisper reads."""

    fourier: Tensor
    filters: Tensor

    def __init__(self, front: WhisperMel) -> None:
        super().__init__()
        self.front = front
        n_bands = front.log_mel.filters.shape[1]
        self.register_buffer("fourier", fourier(WINDOW))
        self.register_buffer("filters", torch.from_numpy(mel_filters(WINDOW, n_bands)).float())

    def forward(self, samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """samples [batch, n], lengths [batch] -> rows [batch, row, mels], and how many were prepared [batch]."""
        n = self.front.rows * HOP
        place = torch.minimum(torch.arange(n, device=samples.device), lengths.unsqueeze(1) - 1)
        whole = samples.gather(1, place).masked_fill(~within(lengths, n), 0.0)
        mirrored = pad(whole.unsqueeze(1), (WINDOW // 2, WINDOW // 2), mode="reflect")
        power = power_spectra(mirrored, self.fourier, HOP)[:, :-1]
        log_mel = (power @ self.filters).clamp(min=1e-10).log10()
        log_mel = (torch.maximum(log_mel, log_mel.amax((1, 2), keepdim=True) - 8.0) + 4.0) / 4.0
        n_rows = 2 * self.front.n_heard(lengths).clamp(min=1) + self.front.after
        return pad(log_mel, (0, 0, 0, self.front.after)), n_rows


def power_spectra(samples: Tensor, waves: Tensor, hop: int) -> Tensor:
    """samples [batch, 1, n], waves [2 bins, 1, window] as `fourier` makes them -> [batch, time, bins]"""
    spectra = conv1d(samples, waves, stride=hop).square()
    real, imaginary = spectra.chunk(2, dim=1)
    return (real + imaginary).transpose(1, 2)


def fourier(window: int) -> Tensor:
    """[2 bins, 1, window]: cosines and negative sines under a periodic Hann window."""
    place = np.arange(window)
    angle = 2 * np.pi * np.outer(np.arange(window // 2 + 1), place) / window
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * place / window)
    return torch.from_numpy(np.concatenate([np.cos(angle), -np.sin(angle)]) * hann).float().unsqueeze(1)
