"""No aligner: words have times where the corpus gives them, and nowhere else."""

from __future__ import annotations

from typing import ClassVar

from msftk import interfaces
from msftk.errors import AbsentError
from msftk.types import Alignment, Float32


class NoAligner(interfaces.Aligner):
    """Leaves utterances without an alignment as they are."""

    aligns: ClassVar[bool] = False

    class Options(interfaces.Options):
        pass

    def __init__(self, options: NoAligner.Options) -> None:
        pass

    def align(self, waveform: Float32, sample_rate_hz: int, transcript: str, language: str | None = None) -> Alignment:
        raise AbsentError("no alignment")
