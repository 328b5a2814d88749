"""Speech louder or softer."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from msftk.interfaces import Sound, Transform, TransformOptions
from msftk_plugins.transforms.power import from_db, scaled
from msftk_plugins.transforms.ranges import Range, drawn


class Level(Transform):
    """Changes the level by a gain drawn anew, up to where the loudest sample reaches full scale: nothing is clipped."""

    class Options(TransformOptions):
        gain_db: Range = Field((-6.0, 6.0), description="lowest and highest gain in dB")

    def __init__(self, options: Options) -> None:
        self.options: Level.Options = options

    def __call__(self, sound: Sound, random: np.random.Generator) -> Sound:
        peak = float(np.abs(sound.waveform).max())
        gain = from_db(drawn(self.options.gain_db, random))
        if gain > 1 and peak:
            gain = max(1.0, min(gain, 1 / peak**2))
        return Sound(scaled(sound.waveform, gain), sound.f0_hz)
