"""No acoustic encoder: for text corpora, and to see what meaning alone can do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import torch
from torch import Tensor, nn

from msftk.interfaces import AcousticEncoder
from msftk.interfaces import Options as BaseOptions
from msftk.types import Float32, Float64


class NoSound(AcousticEncoder, nn.Module):
    """Frames of size 0: no audio is read, so utterances without audio can be used; the fusion must not read sound."""

    class Options(BaseOptions):
        """No options."""

    reads_sound: ClassVar[bool] = False
    dim = 0

    def __init__(self, options: Options) -> None:
        super().__init__()

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Tensor:
        return torch.empty(1, 0)

    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Nothing to fit."""

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """inputs [batch, 1, 0] -> one frame an utterance [batch, 1, 0], valid [batch, 1]."""
        return inputs, torch.ones(inputs.shape[:2], dtype=torch.bool, device=inputs.device)

    def pretrained_parameters(self) -> Iterable[nn.Parameter]:
        return ()
