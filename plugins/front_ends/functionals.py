"""What encoder `functionals` reads: how an utterance's tracks are spread, as one vector."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from msftk import interfaces
from msftk.types import Float32, Float64
from msftk_plugins.acoustic.summary import functionals
from msftk_plugins.acoustic.tracks import measure, mel_filters


class SoundFunctionals(interfaces.FrontEnd):
    """54 functionals of cepstra, pitch, energy, rhythm and tilt."""

    class Options(interfaces.Options):
        bands: int = Field(40, ge=4, le=128, description="mel bands from 20 Hz to 8 kHz, for the cepstra")

    needs_f0: ClassVar[bool] = True

    def __init__(self, options: Options) -> None:
        self.filters = mel_filters(options.bands)

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32:
        """waveform [samples] at 16 kHz, f0_hz on a 5 ms grid -> [1, functionals]."""
        summary = functionals(measure(waveform, f0_hz, self.filters))
        made: Float32 = summary.astype(np.float32)[None]
        return made
