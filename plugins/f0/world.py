"""F0 by pyworld, the original C++ of WORLD: Harvest as the reference of our kernel, and DIO."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cache
from threading import Lock
from typing import Any

import numpy as np

from msftk.extras import from_extra
from msftk.interfaces import F0Engine
from msftk.prosody.f0 import HOP_S
from msftk.speech.audio import check_waveform
from msftk.types import Float32, Float64
from msftk_plugins.f0.searched import SearchRange


class PyworldHarvest(F0Engine):
    """WORLD Harvest as pyworld computes it, 30 times slower than `harvest`: the reference."""

    class Options(SearchRange):
        pass

    def __init__(self, options: PyworldHarvest.Options) -> None:
        self.options = options

    def identity(self) -> Mapping[str, str]:
        return {"pyworld": _pyworld().__version__}

    def f0_hz(self, waveform: Float32, sample_rate_hz: int) -> Float64:
        f0_hz: Float64 = _searched("harvest", waveform, sample_rate_hz, self.options)[0]
        return f0_hz


class Dio(F0Engine):
    """WORLD DIO (Morise 2009) refined by StoneMask: quick, and less sure of voicing than Harvest."""

    class Options(SearchRange):
        pass

    def __init__(self, options: Dio.Options) -> None:
        self.options = options

    def identity(self) -> Mapping[str, str]:
        return {"pyworld": _pyworld().__version__}

    def f0_hz(self, waveform: Float32, sample_rate_hz: int) -> Float64:
        rough_hz, at_s = _searched("dio", waveform, sample_rate_hz, self.options)
        refined_hz: Float64 = _pyworld().stonemask(_samples(waveform), rough_hz, at_s, sample_rate_hz)
        return refined_hz


def _searched(search: str, waveform: Float32, sample_rate_hz: int, within: SearchRange) -> tuple[Float64, Float64]:
    """F0 and time of each grid point by one of pyworld's searches."""
    check_waveform(waveform, "waveform")
    found: tuple[Float64, Float64] = getattr(_pyworld(), search)(
        _samples(waveform), sample_rate_hz, within.floor_hz, within.ceil_hz, frame_period=HOP_S * 1000
    )
    return found


def _samples(waveform: Float32) -> Float64:
    return np.ascontiguousarray(waveform, dtype=np.float64)  # pyworld refuses any other layout


_importing = Lock()  # catch_warnings in two threads at once would leave the filters changed


def _pyworld() -> Any:
    with _importing:
        return _import_pyworld()


@cache
def _import_pyworld() -> Any:
    with warnings.catch_warnings():  # pyworld 0.3.5 imports pkg_resources, which says that it is deprecated
        warnings.simplefilter("ignore")
        with from_extra("world", "an F0 engine of WORLD"):
            import pyworld
    return pyworld
