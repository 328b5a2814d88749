"""A frozen encoder whose top layers learn, from sound or from stored frames of the layer below them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from torch import Tensor, nn

from msftk.errors import InputError
from msftk.interfaces import EncoderPlan, StoredFeatures
from msftk.types import Float32, Float64
from msftk_plugins.acoustic.adapted import AdaptedEncoder
from msftk_plugins.acoustic.layers import learnable


class TopLayers(AdaptedEncoder):
    """The last `k` layers of a pretrained encoder, and the norm behind them; all below runs as in evaluation."""

    def __init__(self, plan: EncoderPlan, config: str | None, k: int) -> None:
        super().__init__(plan, config)
        self.first = first_of(self.encoder, k)
        self.top = tuple(self.encoder.blocks[self.first :])
        norm = self.encoder.last_norm if k else None
        self.learn_only([own for part in (*self.top, norm) if part is not None for own in part.parameters()])

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        self.encoder.eval()
        self.encoder.training = mode
        for block in self.top:
            block.train(mode)
        return self

    def pretrained_parameters(self) -> Iterable[nn.Parameter]:
        learning: Iterable[nn.Parameter] = self.encoder.pretrained_parameters()
        return learning

    def must_learn(self) -> Iterable[str]:
        """All that learns, but for biases that cannot."""
        names: Iterable[str] = learnable(self)
        return names


class StoredTopLayers(TopLayers):
    """[time, dim] of an utterance as stored, below the top layers -> its frames."""

    reads_stored: ClassVar[bool] = True

    def __init__(self, plan: EncoderPlan, config: str | None, k: int, stored: StoredFeatures) -> None:
        super().__init__(plan, config, k)
        self.stored = stored

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32:
        """waveform [samples] -> [time, dim], as it is stored."""
        return self.stored.encode([waveform])[0]

    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Nothing to fit: what is stored depends on no training part."""

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """inputs [batch, time, dim], lengths [batch] in frames -> frames [batch, time, dim], valid [batch, time]."""
        frames, valid = self.encoder.above(inputs, lengths, self.first)
        return frames, valid


def first_of(encoder: Any, k: int) -> int:
    """The number of the hidden state that the last `k` layers go on from. Raises InputError where there are fewer."""
    n = len(encoder.blocks)
    if k > n:
        raise InputError(f"adaptation.layers is {k}: the encoder's frames come through {n}. Choose up to {n}.")
    return n - k
