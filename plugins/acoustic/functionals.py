"""Sound as one frame: the functionals of the utterance and nothing else; for corpora of a few hundred utterances."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from msftk.interfaces import AcousticEncoder
from msftk.types import Float32, Float64
from msftk_plugins.acoustic.moments import moments
from msftk_plugins.acoustic.summary import N_FUNCTIONALS
from msftk_plugins.front_ends.functionals import SoundFunctionals

FARTHEST_SD = 4.0  # one farther from the training mean is cut: an odd recording must not throw the rest off


class Functionals(AcousticEncoder, nn.Module):
    """54 functionals of cepstra, pitch, energy, rhythm and tilt -> one frame, by a linear map.

    Functionals are normalised over the training utterances. A few hundred utterances teach this more than they teach
    convolutions over frames, and in a tenth of the time; where many are at hand, `logmel` hears what they leave out.
    """

    class Options(SoundFunctionals.Options):
        width: int = Field(64, ge=1, description="size of the frame")
        dropout: float = Field(0.2, ge=0, lt=1, description="dropout after the linear map")

    prepares_with: ClassVar[str] = "functionals"
    needs_f0: ClassVar[bool] = True

    mean: Tensor
    sd: Tensor

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.dim = options.width
        self.functionals = SoundFunctionals(SoundFunctionals.Options(bands=options.bands))
        self.register_buffer("mean", torch.zeros(N_FUNCTIONALS))
        self.register_buffer("sd", torch.ones(N_FUNCTIONALS))
        self.linear = nn.Linear(N_FUNCTIONALS, options.width)
        self.dropout = nn.Dropout(options.dropout)

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32:
        """waveform [samples] at 16 kHz, f0_hz on a 5 ms grid -> [1, functionals]."""
        made: Float32 = self.functionals.prepare(waveform, f0_hz)
        return made

    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Mean and standard deviation over the training utterances."""
        mean, sd = moments(prepared)
        self.mean.copy_(mean)
        self.sd.copy_(sd)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """inputs [batch, 1, functionals] -> frames [batch, 1, width], valid: all."""
        normalised = ((inputs - self.mean) / self.sd).clamp(-FARTHEST_SD, FARTHEST_SD)
        frames = self.dropout(self.linear(normalised))
        return frames, torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)

    def pretrained_parameters(self) -> Iterable[nn.Parameter]:
        return ()
