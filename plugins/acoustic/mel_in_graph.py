"""Mel features of a batch of recordings by operations that a graph can hold."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, pad

from msftk.types import Float64
from msftk_plugins.acoustic.mel import HOP, WINDOW, StackedMel, WhisperMel, whisper_log
from msftk_plugins.acoustic.padding import within

FFT = 512  # of Kaldi's windows
PREEMPHASIS = 0.97
POWER_FLOOR = 2.0**-23
VARIANCE_EPS = 1e-7


def rows_in_graph(front: WhisperMel | StackedMel) -> WhisperRows | StackedRows:
    """`front.prepare` of a batch."""
    return StackedRows(front) if isinstance(front, StackedMel) else WhisperRows(front)


class WhisperRows(nn.Module):
    """What `WhisperMel.prepare` makes of each recording: all rows that Whisper reads."""

    fourier: Tensor
    filters: Tensor

    def __init__(self, front: WhisperMel) -> None:
        super().__init__()
        self.front = front
        self.register_buffer("fourier", fourier(WINDOW))
        self.register_buffer("filters", front.log_mel.filters)

    def forward(self, samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """samples [batch, n], lengths [batch] -> rows [batch, row, mels], and how many were prepared [batch]."""
        n = self.front.rows * HOP
        place = torch.minimum(torch.arange(n, device=samples.device), lengths.unsqueeze(1) - 1)
        whole = samples.gather(1, place).masked_fill(~within(lengths, n), 0.0)
        mirrored = pad(whole.unsqueeze(1), (WINDOW // 2, WINDOW // 2), mode="reflect")
        power = power_spectra(mirrored, self.fourier, HOP)[:, :-1]
        n_rows = 2 * self.front.n_heard(lengths).clamp(min=1) + self.front.after
        return pad(whisper_log(power @ self.filters), (0, 0, 0, self.front.after)), n_rows


class StackedRows(nn.Module):
    """What `StackedMel.prepare` makes of each recording, as Kaldi does: of a window its mean is taken off, of a sample
    what the one before foretells; all of that is linear, and one matrix with the waves."""

    waves: Tensor
    filters: Tensor

    def __init__(self, front: StackedMel) -> None:
        super().__init__()
        window, filters = front.extract.window, front.extract.mel_filters
        centred = np.eye(WINDOW) - 1 / WINDOW
        foretold = PREEMPHASIS * np.eye(WINDOW, k=-1)
        foretold[0, 0] = PREEMPHASIS
        made = (2**15 * window)[:, None] * (np.eye(WINDOW) - foretold) @ centred
        self.register_buffer("waves", torch.from_numpy(waves(FFT)[:, :WINDOW] @ made).float().unsqueeze(1))
        self.register_buffer("filters", torch.from_numpy(filters).float())

    def forward(self, samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """samples [batch, n], lengths [batch] -> frames [batch, frame, 2 mels], and how many are its own [batch]."""
        samples = samples.masked_fill(~within(lengths, samples.shape[1]), 0.0)
        power = power_spectra(samples.unsqueeze(1), self.waves, HOP)
        log_mel = (power @ self.filters).clamp(min=POWER_FLOOR).log()
        n = (lengths.clamp(min=StackedMel.shortest) - WINDOW) // HOP + 1
        own, many = within(n, log_mel.shape[1]).unsqueeze(-1), n.view(-1, 1, 1)
        centred = log_mel - log_mel.masked_fill(~own, 0.0).sum(1, keepdim=True) / many
        variance = centred.square().masked_fill(~own, 0.0).sum(1, keepdim=True) / (many - 1)
        normed = centred / (variance + VARIANCE_EPS).sqrt()
        first = 2 * torch.arange(log_mel.shape[1] // 2, device=samples.device)
        return torch.cat([normed[:, first], normed[:, first + 1]], dim=2), n // 2


def power_spectra(samples: Tensor, waves: Tensor, hop: int) -> Tensor:
    """samples [batch, 1, n], waves [2 bins, 1, window] as `fourier` makes them -> [batch, time, bins]"""
    spectra = conv1d(samples, waves, stride=hop).square()
    real, imaginary = spectra.chunk(2, dim=1)
    return (real + imaginary).transpose(1, 2)


def fourier(window: int) -> Tensor:
    """[2 bins, 1, window]: cosines and negative sines under a periodic Hann window."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    return torch.from_numpy(waves(window) * hann).float().unsqueeze(1)


def waves(n: int) -> Float64:
    """[2 bins, n]: cosines and negative sines."""
    angle = 2 * np.pi * np.outer(np.arange(n // 2 + 1), np.arange(n)) / n
    return np.concatenate([np.cos(angle), -np.sin(angle)])
