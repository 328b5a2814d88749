"""The last layers of a pretrained encoder learn; what lies below them may be run once and stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from msftk.errors import InputError
from msftk.interfaces import AcousticEncoder, Adaptation, EncoderPlan
from msftk.interfaces import Options as BaseOptions
from msftk.types import Float32
from msftk_plugins.adaptations.features import ModelFeatures


class LastK(Adaptation):
    """The top layers and the norm behind them learn, at `training.learning_rate_pretrained`; those below are frozen.

    Frozen layers run without dropout. With `cache` their frames are stored once (4 KB a frame of WavLM-large, 0.7 GB an
    hour of speech) and only the top runs in every epoch, to the same losses; `layers=0` then stores what the whole
    encoder says. A checkpoint holds the layers that learned and reads the pretrained model again.
    """

    class Options(BaseOptions):
        layers: int = Field(4, ge=0, description="how many learn, counted from the top; 0: none")
        cache: bool = Field(False, description="store the frames of the layers below, which then run once (WavLM)")

    stores: ClassVar[bool] = True

    def __init__(self, options: Options) -> None:
        self.options = options

    def encoder(self, plan: EncoderPlan, config: str | None) -> AcousticEncoder:
        from msftk_plugins.acoustic.top import StoredTopLayers, TopLayers

        stored, k = self.stored(plan), self.options.layers
        encoder: AcousticEncoder
        encoder = StoredTopLayers(plan, config, k, stored) if stored else TopLayers(plan, config, k)
        return encoder

    def stored(self, plan: EncoderPlan) -> LowerFrames | None:
        return LowerFrames(plan, self.options.layers) if self.options.cache else None


class LowerFrames(ModelFeatures):
    """Recordings -> [time, dim] each: what the first of the top `k` layers reads.

    Raises InputError for an encoder that cannot go on from what was stored, when it is loaded.
    """

    def __init__(self, plan: EncoderPlan, k: int) -> None:
        super().__init__(plan)
        self.k = k

    def encode(self, waveforms: Sequence[Float32]) -> list[Float32]:
        from msftk_plugins.acoustic.frozen import hidden_state
        from msftk_plugins.acoustic.top import first_of

        if not self.encoder.resumes:
            raise InputError(
                "adaptation.cache stores one layer of msftk's WavLM, from which the layers above go on: acoustic.layer "
                "must not be weighted, acoustic.attention not transformers, acoustic.padding_frames off, and the "
                "model a WavLM. Leave the cache out."
            )
        made: list[Float32] = hidden_state(self.encoder, waveforms, first_of(self.encoder, self.k))
        return made
