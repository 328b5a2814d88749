"""Frozen features: nothing of the pretrained encoder learns; its pooled layers are stored once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from msftk.interfaces import AcousticEncoder, Adaptation, EncoderPlan
from msftk.interfaces import Options as BaseOptions
from msftk.types import Float32
from msftk_plugins.adaptations.features import ModelFeatures

Pooled = Literal["statistics", "mean"]


class Frozen(Adaptation):
    """Each layer that `acoustic.layer` chooses, pooled over time: one vector an utterance, stored; the rest learns.

    No graphics card is needed but to make them: what is trained reads vectors. `acoustic.layer=weighted` stores all
    layers and learns their weights. The checkpoint holds what was trained; to predict new recordings it reads the
    pretrained model again, which must be the one of the training.
    """

    class Options(BaseOptions):
        pool: Pooled = Field("statistics", description="mean and standard deviation over time, or the mean alone")

    stores: ClassVar[bool] = True

    def __init__(self, options: Options) -> None:
        self.options = options

    def encoder(self, plan: EncoderPlan, config: str | None) -> AcousticEncoder:
        from msftk_plugins.acoustic.frozen import FrozenStates

        encoder: AcousticEncoder = FrozenStates(self.stored(plan), config)
        return encoder

    def stored(self, plan: EncoderPlan) -> PooledStates:
        return PooledStates(plan, self.options.pool)


class PooledStates(ModelFeatures):
    """Recordings -> [state, size] each: the chosen hidden states, pooled."""

    def __init__(self, plan: EncoderPlan, pool: Pooled) -> None:
        super().__init__(plan)
        self.pool = pool

    def encode(self, waveforms: Sequence[Float32]) -> list[Float32]:
        from msftk_plugins.acoustic.frozen import pooled_states

        made: list[Float32] = pooled_states(self.encoder, waveforms, self.pool)
        return made
