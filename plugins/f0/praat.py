"""F0 by Praat, through parselmouth (GPL, so an extra and not a dependency)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from msftk.extras import from_extra
from msftk.interfaces import F0Engine
from msftk.prosody.f0 import HOP_S, n_points
from msftk.speech.audio import check_waveform
from msftk.types import Float32, Float64
from msftk_plugins.f0.searched import SearchRange

PERIODS = {"ac": 3, "cc": 1}  # of the lowest F0 that Praat's window holds: a shorter sound has no frame


class Praat(F0Engine):
    """Praat's pitch by autocorrelation (Boersma 1993) or cross-correlation, brought to the 5 ms grid.

    Praat centres its frames in the sound, so they lie beside the grid: between two voiced frames F0 is interpolated,
    elsewhere a grid point takes the frame nearest to it.
    """

    class Options(SearchRange):
        method: Literal["ac", "cc"] = Field("ac", description="auto- or cross-correlation")

    def __init__(self, options: Praat.Options) -> None:
        self.options = options

    def identity(self) -> Mapping[str, str]:
        found = _parselmouth()
        return {"parselmouth": found.__version__, "praat": found.PRAAT_VERSION}

    def f0_hz(self, waveform: Float32, sample_rate_hz: int) -> Float64:
        check_waveform(waveform, "waveform")
        n = n_points(len(waveform) / sample_rate_hz)
        if len(waveform) / sample_rate_hz <= PERIODS[self.options.method] / self.options.floor_hz + HOP_S:
            return np.zeros(n)
        sound = _parselmouth().Sound(np.asarray(waveform, dtype=np.float64), sample_rate_hz)
        search = sound.to_pitch_ac if self.options.method == "ac" else sound.to_pitch_cc
        pitch = search(time_step=HOP_S, pitch_floor=self.options.floor_hz, pitch_ceiling=self.options.ceil_hz)
        return on_grid(pitch.xs(), pitch.selected_array["frequency"], HOP_S * np.arange(n))


def on_grid(frame_s: NDArray[np.floating], frame_f0_hz: NDArray[np.floating], grid_s: NDArray[np.floating]) -> Float64:
    """F0 of evenly spaced frames (0 = unvoiced) at other times; a point over half a step outside is unvoiced."""
    place = (grid_s - frame_s[0]) / (frame_s[1] - frame_s[0]) if len(frame_s) > 1 else (grid_s - frame_s[0]) / HOP_S
    nearest = np.clip(np.rint(place), 0, len(frame_s) - 1).astype(int)
    before = np.clip(np.floor(place), 0, len(frame_s) - 1).astype(int)
    after = np.minimum(before + 1, len(frame_s) - 1)
    between = (frame_f0_hz[before] > 0) & (frame_f0_hz[after] > 0)
    f0_hz = np.where(between, np.interp(place, np.arange(len(frame_s)), frame_f0_hz), frame_f0_hz[nearest])
    outside = np.abs(place - np.clip(place, 0, len(frame_s) - 1)) > 0.5 + 1e-6  # rounding
    return np.where(outside, 0.0, f0_hz)


@cache
def _parselmouth() -> Any:
    with from_extra("praat", "F0 engine 'praat'"):
        import parselmouth
    return parselmouth
