"""Speech as in a room."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from msftk.interfaces import Place, Sound, Transform, TransformOptions
from msftk.types import SAMPLE_RATE_HZ, Float32
from msftk_plugins.transforms.power import from_db, power, scaled
from msftk_plugins.transforms.ranges import PositiveRange, Range, drawn
from msftk_plugins.transforms.sound_files import SoundFiles


class RoomImpulse(Transform):
    """Convolves with a room impulse response: one of a folder, or a synthetic one of a reverberation time drawn anew.

    The synthetic response is Polack's model (1988), no measured room: the direct sound, and white noise that falls by
    60 dB in `rt60_s`, together `drr_db` weaker. The direct sound (the largest sample) keeps its time, so that words
    stay where the alignment has them; the level is kept, and so is the length. F0 stays that of the recording.
    """

    class Options(TransformOptions):
        rt60_s: PositiveRange = Field((0.2, 0.8), description="shortest and longest reverberation time, in seconds")
        drr_db: Range = Field((0.0, 10.0), description="direct sound over reverberation, lowest and highest, in dB")
        folder: Place | None = Field(None, description="folder of impulse responses, in place of synthetic ones")

    def __init__(self, options: Options) -> None:
        self.options: RoomImpulse.Options = options
        self.files = SoundFiles(options.folder) if options.folder else None

    def identity(self) -> Mapping[str, str]:
        return self.files.identity() if self.files is not None else {}

    def __call__(self, sound: Sound, random: np.random.Generator) -> Sound:
        response = self.files.whole(random) if self.files is not None else self._synthetic(random)
        heard = _in_room(sound.waveform, response)
        found = power(heard)
        if not found:
            return sound
        return Sound(scaled(heard, power(sound.waveform) / found), sound.f0_hz)

    def _synthetic(self, random: np.random.Generator) -> Float32:
        rt60_s = drawn(self.options.rt60_s, random)
        time_s = np.arange(round(rt60_s * SAMPLE_RATE_HZ) + 1) / SAMPLE_RATE_HZ
        tail = random.standard_normal(len(time_s)) * 10 ** (-3 * time_s / rt60_s)
        tail *= np.sqrt(1 / from_db(drawn(self.options.drr_db, random)) / np.square(tail).sum())
        tail[0] = 1.0
        response: Float32 = tail.astype(np.float32)
        return response


def _in_room(waveform: Float32, response: Float32) -> Float32:
    """[n] convolved, counted from where the direct sound arrives."""
    direct = int(np.abs(response).argmax())
    n = len(waveform) + len(response) - 1
    size = 1 << (n - 1).bit_length()
    spectrum = np.fft.rfft(waveform, size) * np.fft.rfft(response, size)
    heard: Float32 = np.fft.irfft(spectrum, size)[direct : direct + len(waveform)].astype(np.float32)
    return heard
