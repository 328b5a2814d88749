"""A package of somebody else: an acoustic encoder that trains a small layer on a frozen base, and keeps that alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from msftk import interfaces
from msftk.hookspecs import Register, hookimpl
from msftk.interfaces import AcousticEncoder
from msftk.types import Float32, Float64

BASE = nn.Linear(1, 6)  # a frozen model that is read from elsewhere, the same every time


class Adapter(AcousticEncoder, nn.Module):
    """A frozen base with a small trained layer on top; only the layer is kept."""

    class Options(interfaces.Options):
        pass

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.dim = 4
        self.base = nn.Linear(1, 6)
        self.base.load_state_dict(BASE.state_dict())
        self.base.requires_grad_(False)
        self.layer = nn.Linear(6, 4)

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32:
        usable = len(waveform) // 160 * 160
        return np.log(waveform[:usable].reshape(-1, 160).std(axis=1, keepdims=True) + 1e-5).astype(np.float32)

    def fit(self, prepared: Iterable[object]) -> None: ...

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        valid = torch.arange(inputs.shape[1]) < lengths.unsqueeze(1)
        return self.layer(torch.tanh(self.base(inputs))), valid

    def own_state(self) -> dict[str, Tensor]:
        return self.layer.state_dict()

    def load_own_state(self, state: dict[str, Tensor]) -> None:
        self.layer.load_state_dict(state)


@hookimpl
def register_acoustic_encoders(register: Register) -> None:
    register("adapter", "outside.adapter:Adapter", help="a layer on a frozen base")
