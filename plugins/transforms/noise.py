"""Noise under the speech."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from msftk.interfaces import Place, Sound, Transform, TransformOptions
from msftk.types import SAMPLE_RATE_HZ, Float32
from msftk_plugins.transforms.power import from_db, power, scaled
from msftk_plugins.transforms.ranges import Range, drawn
from msftk_plugins.transforms.sound_files import SoundFiles


class Noise(Transform):
    """Adds white or pink noise, or a stretch of a file below `folder`, at a signal-to-noise ratio drawn anew.

    The ratio is that of mean powers over all that is heard, pauses too. A file too short is repeated. F0 stays that of
    the recording; a silent recording stays silent.
    """

    class Options(TransformOptions):
        snr_db: Range = Field((5.0, 20.0), description="lowest and highest power of speech over that of noise, in dB")
        colour: Literal["white", "pink"] = Field("white", description="of noise that is made: flat, or falling as 1/f")
        folder: Place | None = Field(None, description="folder of noises, in place of noise that is made")

    def __init__(self, options: Options) -> None:
        self.options: Noise.Options = options
        self.files = SoundFiles(options.folder) if options.folder else None

    def identity(self) -> Mapping[str, str]:
        return self.files.identity() if self.files is not None else {}

    def __call__(self, sound: Sound, random: np.random.Generator) -> Sound:
        wanted = power(sound.waveform) / from_db(drawn(self.options.snr_db, random))
        noise = self._noise(len(sound.waveform), random)
        found = power(noise)
        if not found:  # digital silence
            return sound
        return Sound(sound.waveform + scaled(noise, wanted / found), sound.f0_hz)

    def _noise(self, n: int, random: np.random.Generator) -> Float32:
        if self.files is not None:
            return np.resize(self.files.stretch(n / SAMPLE_RATE_HZ, random), n)
        return random.standard_normal(n, np.float32) if self.options.colour == "white" else _pink(n, random)


def _pink(n: int, random: np.random.Generator) -> Float32:
    """[n] whose power falls by 3 dB an octave."""
    size = 1 << (n - 1).bit_length()  # other lengths are several times slower
    spectrum = np.fft.rfft(random.standard_normal(size, np.float32))
    spectrum[0] = 0  # no mean
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum), dtype=np.float32))
    pink: Float32 = np.fft.irfft(spectrum, size)[:n].astype(np.float32)
    return pink
