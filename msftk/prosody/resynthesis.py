"""Moves the stress within a recording: WORLD takes it apart, and puts it together with other pitch, level, length."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from msftk.extras import from_extra
from msftk.types import SAMPLE_RATE_HZ, Float32, Float64, WordProsody

FRAME_S = 0.005
PITCH = 2 ** (3 / 12)  # three semitones
ENERGY = 10 ** (4 / 20)  # 4 dB of amplitude
DURATION = 1.25


@dataclass(frozen=True)
class Voice:
    """WORLD's analysis of a recording (Morise et al. 2016), a row each 5 ms: F0 in Hz, power spectrum, aperiodicity."""

    f0_hz: Float64
    spectrum: Float64
    aperiodicity: Float64

    @classmethod
    def of(cls, waveform: Float32, f0_hz: Float64) -> Voice:
        """Args: waveform [n] at 16 kHz; f0_hz [frames] on the 5 ms grid. InputError where pyworld is not installed."""
        with from_extra("world", "moving the stress in the sound"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyworld imports pkg_resources
            import pyworld
        samples, f0_hz = waveform.astype(np.float64), np.ascontiguousarray(f0_hz, np.float64)
        times_s = np.arange(len(f0_hz)) * FRAME_S
        spectrum = pyworld.cheaptrick(samples, f0_hz, times_s, SAMPLE_RATE_HZ)
        return cls(f0_hz, spectrum, pyworld.d4c(samples, f0_hz, times_s, SAMPLE_RATE_HZ))

    def stressed(self, prosody: WordProsody, old: int, new: int | None) -> tuple[Float32, Float64]:
        """The recording with the stress of word `old` taken back and laid on `new`; None or `old`: the control.

        Pitch, amplitude and duration of `new` are multiplied by PITCH, ENERGY and DURATION, those of `old` divided. The
        control passes analysis and synthesis too: what differs from it is the stress alone.

        Returns:
            [m] float32 at 16 kHz, and [frames + 1] when each frame begins in it, in s.
        """
        import pyworld

        times_s = np.arange(len(self.f0_hz)) * FRAME_S
        strength = np.zeros(len(times_s))  # 1 on the new word, -1 on the old one
        if new is not None and new != old:
            for place, sign in ((old, -1.0), (new, 1.0)):
                strength[(times_s >= prosody.start_s[place]) & (times_s < prosody.end_s[place])] = sign
        ends = np.cumsum(DURATION**strength)
        steps = np.arange(round(float(ends[-1]))) + 0.5
        read = np.minimum(np.searchsorted(ends, steps), len(ends) - 1)  # which frame stands at each step
        made: Float64 = pyworld.synthesize(
            np.ascontiguousarray(self.f0_hz[read] * PITCH ** strength[read]),
            np.ascontiguousarray(self.spectrum[read] * (ENERGY ** strength[read])[:, None] ** 2),  # a power spectrum
            np.ascontiguousarray(self.aperiodicity[read]),
            SAMPLE_RATE_HZ,
            FRAME_S * 1000,
        )
        return made.astype(np.float32), np.concatenate([[0.0], ends]) * FRAME_S
