"""WORLD Harvest by msftk's own kernel: the default."""

from __future__ import annotations

from collections.abc import Mapping

from msftk.interfaces import F0Engine
from msftk.prosody.f0 import KERNEL_VERSION, harvest
from msftk.types import Float32, Float64
from msftk_plugins.f0.searched import SearchRange


class Harvest(F0Engine):
    """WORLD Harvest (Morise 2017): the F0 that LEMf is defined with."""

    class Options(SearchRange):
        pass

    def __init__(self, options: Harvest.Options) -> None:
        self.options = options

    def identity(self) -> Mapping[str, str]:
        return {"kernel": KERNEL_VERSION}

    def f0_hz(self, waveform: Float32, sample_rate_hz: int) -> Float64:
        return harvest(waveform, sample_rate_hz, self.options.floor_hz, self.options.ceil_hz)
