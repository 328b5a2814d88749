"""Speech faster or slower, and higher or lower with it."""

from __future__ import annotations

import numpy as np
import soxr
from pydantic import Field

from msftk.interfaces import Sound, Transform, TransformOptions
from msftk.prosody.f0 import HOP_S
from msftk.types import SAMPLE_RATE_HZ
from msftk_plugins.transforms.ranges import PositiveRange, drawn

HOP = round(HOP_S * SAMPLE_RATE_HZ)


class Speed(Transform):
    """Plays the recording faster or slower, as tape would (Ko et al. 2015): pitch and tempo change together.

    F0 is scaled and laid on the new 5 ms grid, each frame that of its moment in the recording.
    """

    class Options(TransformOptions):
        factor: PositiveRange = Field((0.9, 1.1), description="slowest and fastest, 1 is as recorded")

    def __init__(self, options: Options) -> None:
        self.options: Speed.Options = options

    def __call__(self, sound: Sound, random: np.random.Generator) -> Sound:
        factor = drawn(self.options.factor, random)
        n = max(2, round(len(sound.waveform) / factor))
        played = soxr.resample(np.append(sound.waveform, np.zeros(HOP, np.float32)), factor, 1.0, quality="HQ")
        waveform = np.zeros(n, np.float32)
        waveform[: len(played)] = played[:n]
        if sound.f0_hz is None:
            return Sound(waveform)
        moments = np.rint(factor * np.arange(n // HOP + 1)).astype(np.int64)
        return Sound(waveform, factor * sound.f0_hz[np.minimum(moments, len(sound.f0_hz) - 1)])
