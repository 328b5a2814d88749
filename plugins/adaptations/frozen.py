"""Frozen features: nothing of the pretrained encoder learns; its pooled layers are stored once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import Field

from msftk.consent import consent, consenting
from msftk.errors import InputError
from msftk.interfaces import AcousticEncoder, Adaptation, EncoderPlan, StoredFeatures
from msftk.interfaces import Options as BaseOptions
from msftk.types import Float32

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


class PooledStates(StoredFeatures):
    """Recordings -> [state, size] each: the chosen hidden states, pooled. The model is loaded when first needed.

    Raises InputError for an encoder that normalises by what it finds in the training part.
    """

    no_results: ClassVar[tuple[str, ...]] = ("gradient_checkpointing", "compile")

    def __init__(self, plan: EncoderPlan, pool: Pooled) -> None:
        self.plan, self.pool = plan, pool
        self.consent = consent()  # of who builds it: the model may be loaded later, and in another thread
        kind: Any = plan.kind
        if why := kind.unstorable(plan.options):
            raise InputError(why)

    def identity(self) -> Mapping[str, str]:
        """The model by the hash of its files. One that is fetched first is loaded for that."""
        kind: Any = self.plan.kind
        if not kind.source(self.plan.options)["model"].startswith("sha256:"):
            _ = self._encoder
        return dict(kind.source(self.plan.options))

    def config(self, example: Float32) -> str:
        """Shape and model."""
        return json.dumps({"shape": list(example.shape), "identity": dict(self.identity())}, sort_keys=True)

    def encode(self, waveforms: Sequence[Float32]) -> list[Float32]:
        from msftk_plugins.acoustic.frozen import pooled_states

        made: list[Float32] = pooled_states(self._encoder, waveforms, self.pool)
        return made

    @cached_property
    def _encoder(self) -> Any:
        from msftk_plugins.acoustic.frozen import frozen

        with consenting(self.consent):
            return frozen(self.plan.make)
