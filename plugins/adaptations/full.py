"""Fine-tuning: the whole encoder learns, as its own options say."""

from __future__ import annotations

from typing import ClassVar

from msftk.interfaces import AcousticEncoder, Adaptation, EncoderPlan
from msftk.interfaces import Options as BaseOptions


class Full(Adaptation):
    """All layers of a pretrained encoder learn; its convolutions in front stay frozen. Any encoder can be had so."""

    class Options(BaseOptions):
        """No options."""

    needs_pretrained: ClassVar[bool] = False

    def __init__(self, options: Options) -> None:
        """No options."""

    def encoder(self, plan: EncoderPlan, config: str | None) -> AcousticEncoder:
        encoder: AcousticEncoder = plan.make(config)
        return encoder
