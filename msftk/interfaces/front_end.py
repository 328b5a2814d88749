"""Sound as an acoustic encoder reads it, made without torch."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from msftk.interfaces.component import Component
from msftk.types import Float32, Float64


class FrontEnd(Component):
    """Waveform and F0 -> what a network reads, by NumPy and compiled code alone.

    `AcousticEncoder.prepares_with` names it. An exported model is heard through it where no torch is, so its module
    imports none.
    """

    needs_f0: ClassVar[bool] = False

    @abstractmethod
    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32:
        """waveform [samples] at 16 kHz, f0_hz [points] on a 5 ms grid, 0 = unvoiced -> [n, ...]."""
        ...
