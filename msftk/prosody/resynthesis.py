"""Moves the stress within a recording: WORLD puts it together in three takes, which are cut into one another."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from msftk.extras import from_extra
from msftk.prosody.f0 import HOP_S
from msftk.types import SAMPLE_RATE_HZ, Float32, Float64, WordProsody

PITCH = 2 ** (3 / 12)  # three semitones
ENERGY = 10 ** (4 / 20)  # 4 dB of amplitude
DURATION = 1.25
TAKES = {"plain": 0, "stressed": 1, "relieved": -1}  # take -> exponent of the three
FADE = 160  # samples, 10 ms: over which one take goes into the next
SHIFT = 80  # samples, 5 ms: how far a cut may move, so that periods of 100 Hz or more meet in phase


@dataclass(frozen=True)
class Piece:
    """What is cut out of a take: its samples `first` to `last`, the latter outside."""

    take: str
    first: int
    last: int


class Takes:
    """A recording put together by WORLD (Morise et al. 2016) unchanged ("plain", the control), with all of it stressed,
    and with all stress taken back: `sounds`, take -> [n] float32 at 16 kHz.

    Pitch, amplitude and duration are multiplied by PITCH, ENERGY and DURATION, or divided by them.
    """

    def __init__(self, sounds: dict[str, Float32]) -> None:
        self.sounds = sounds

    @classmethod
    def of(cls, waveform: Float32, f0_hz: Float64) -> Takes:
        """Args: waveform [n] at 16 kHz; f0_hz [frames] on the 5 ms grid. InputError where pyworld is not installed."""
        with from_extra("world", "moving the stress in the sound"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyworld imports pkg_resources
            import pyworld
        samples, f0_hz = waveform.astype(np.float64), np.ascontiguousarray(f0_hz, np.float64)
        times_s = np.arange(len(f0_hz)) * HOP_S
        with ThreadPoolExecutor(len(TAKES)) as pool:  # pyworld releases the GIL
            aperiodicity, spectrum = pool.map(
                lambda analysis: analysis(samples, f0_hz, times_s, SAMPLE_RATE_HZ), (pyworld.d4c, pyworld.cheaptrick)
            )
            made = pool.map(lambda sign: _together(pyworld, f0_hz, spectrum, aperiodicity, sign), TAKES.values())
            return cls(dict(zip(TAKES, made, strict=True)))

    def pieces(self, prosody: WordProsody, old: int, new: int) -> tuple[Piece, ...]:
        """What the recording is cut together from with the stress of word `old` taken back and laid on `new`.

        Where both are one word: the plain take, the control. What differs from it is the stress alone.
        """
        changed = [] if old == new else sorted([(old, "relieved"), (new, "stressed")], key=lambda one: one[0])
        parts, at_s = [], 0.0
        for word, take in changed:
            start_s, end_s = float(prosody.start_s[word]), float(prosody.end_s[word])
            parts += [("plain", at_s, start_s), (take, start_s, end_s)]
            at_s = end_s
        found: list[Piece] = []
        for take, start_s, end_s in [*parts, ("plain", at_s, np.inf)]:
            first, last = (self._sample(take, time_s) for time_s in (start_s, end_s))
            if last > first:
                found.append(Piece(take, self._in_phase(found[-1], take, first) if found else first, last))
        return tuple(found)

    def joined(self, pieces: Sequence[Piece]) -> Float32:
        """[n] float32: the pieces one after the other; each take fades into the next one over its first 10 ms."""
        made = np.concatenate([self.sounds[piece.take][piece.first : piece.last] for piece in pieces])
        begin = 0
        for before, piece in pairwise(pieces):
            begin += before.last - before.first
            tail = self.sounds[before.take][before.last : before.last + min(FADE, piece.last - piece.first)]
            rise = ((np.arange(len(tail)) + 0.5) / max(1, len(tail))).astype(np.float32)
            made[begin : begin + len(tail)] = tail * (1 - rise) + made[begin : begin + len(tail)] * rise
        return made

    def _sample(self, take: str, time_s: float) -> int:
        """Where in a take what was at `time_s` of the recording is."""
        length = len(self.sounds[take])
        return int(min(length, np.rint(min(time_s * DURATION ** TAKES[take] * SAMPLE_RATE_HZ, length))))

    def _in_phase(self, before: Piece, take: str, first: int) -> int:
        """Where to begin near `first` so that the wave goes on most nearly as the piece before would."""
        tail, sound = self.sounds[before.take][before.last : before.last + FADE], self.sounds[take]
        begin = max(0, first - SHIFT)
        near = sound[begin : first + SHIFT + len(tail)]
        if len(tail) == 0 or len(near) <= len(tail):
            return first
        windows = np.lib.stride_tricks.sliding_window_view(near, len(tail))
        likeness = windows @ tail / np.sqrt((windows**2).sum(axis=1) + 1e-9)
        return begin + int(likeness.argmax()) if likeness.max() > 0 else first


def times_of(pieces: Sequence[Piece]) -> tuple[Float64, Float64]:
    """Times of the recording, and where they lie in what is cut together, in s: its beginning and each piece's end.

    >>> [times.tolist() for times in times_of([Piece("plain", 0, 16000), Piece("stressed", 20000, 30000)])]
    [[0.0, 1.0, 1.5], [0.0, 1.0, 1.625]]
    """
    ends_s = [piece.last / DURATION ** TAKES[piece.take] / SAMPLE_RATE_HZ for piece in pieces]
    lengths_s = [(piece.last - piece.first) / SAMPLE_RATE_HZ for piece in pieces]
    return np.array([0.0, *ends_s]), np.concatenate([[0.0], np.cumsum(lengths_s)])


def _together(pyworld: Any, f0_hz: Float64, spectrum: Float64, aperiodicity: Float64, sign: int) -> Float32:
    n = len(f0_hz)
    read = np.minimum(((np.arange(round(n * DURATION**sign)) + 0.5) / DURATION**sign).astype(int), n - 1)
    made: Float64 = pyworld.synthesize(
        np.ascontiguousarray(f0_hz[read] * PITCH**sign),
        np.ascontiguousarray(spectrum[read] * ENERGY ** (2 * sign)),  # a power spectrum
        np.ascontiguousarray(aperiodicity[read]),
        SAMPLE_RATE_HZ,
        HOP_S * 1000,
    )
    return made.astype(np.float32)
