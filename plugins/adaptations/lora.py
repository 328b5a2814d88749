"""LoRA: a frozen encoder with small trained corrections of its projections, for all or for each language."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from msftk.errors import InputError
from msftk.interfaces import AcousticEncoder, Adaptation, EncoderPlan
from msftk.interfaces import Options as BaseOptions

FEED_FORWARD = ("intermediate_dense", "output_dense", "fc1", "fc2")
ATTENTION = ("q_proj", "k_proj", "v_proj", "out_proj", "linear_q", "linear_k", "linear_v", "linear_out")
PROJECTIONS = {"feed-forward": FEED_FORWARD, "attention": ATTENTION, "all": FEED_FORWARD + ATTENTION}


class Lora(Adaptation):
    """Low-rank adapters (Hu et al. 2022) by peft on feed-forward layers, as PEFT-SER has them, and on attention's.

    They learn at `training.learning_rate`, as parts from scratch. WavLM's attention hears an adapter where it is
    msftk's own (`acoustic.attention` is not "transformers"); one that nothing hears is found in the third step. `by`
    learns a set of adapters for each language (or gender, speaker, session) of the manifest, as ML-Adapt does; an
    unknown one is heard by the pretrained model as it is. A checkpoint holds adapters and reads that model again.
    """

    class Options(BaseOptions):
        rank: int = Field(16, ge=1, description="of each adapter: inputs x rank and rank x outputs numbers")
        alpha: float = Field(32.0, gt=0, allow_inf_nan=False, description="what adapters say is times alpha / rank")
        dropout: float = Field(0.0, ge=0, lt=1, description="of what adapters read")
        targets: Literal["feed-forward", "attention", "all"] = Field("feed-forward", description="layers with adapters")
        by: Literal["", "language", "gender", "speaker", "session"] = Field(
            "", description="a set of adapters for each value of this manifest column; empty: one for all"
        )

    needs_pretrained: ClassVar[bool] = True

    def __init__(self, options: Options) -> None:
        self.options = options

    def encoder(self, plan: EncoderPlan, config: str | None) -> AcousticEncoder:
        from msftk_plugins.acoustic.lora import LoraEncoder

        chosen = self.options
        if chosen.by and getattr(plan.options, "gradient_checkpointing", False):
            raise InputError(
                f"adaptation.by={chosen.by} changes adapters within a batch, which gradient checkpointing would not "
                "know. Leave acoustic.gradient_checkpointing out."
            )
        settings = {"r": chosen.rank, "lora_alpha": chosen.alpha, "lora_dropout": chosen.dropout}
        encoder: AcousticEncoder = LoraEncoder(plan, config, settings, PROJECTIONS[chosen.targets], chosen.by)
        return encoder
