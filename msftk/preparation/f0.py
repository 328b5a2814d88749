"""F0 of an utterance, computed once by the engine of the settings; emphasis, `measured` and `logmel` share it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from msftk.errors import AbsentError
from msftk.interfaces import F0Engine
from msftk.store.audio import audio_sha256
from msftk.store.keys import content_key
from msftk.store.shelf import Shelf
from msftk.types import SAMPLE_RATE_HZ, Float32, Float64, Utterance


def audio_key(utterance: Utterance) -> str:
    """Key of an utterance's sound: hash of its whole file as it is now, segment and channel. Raises as `file_hash`."""
    return sound_key(file_hash(utterance), utterance.start_s, utterance.end_s, utterance.channel)


def file_hash(utterance: Utterance) -> str:
    """Of its audio file as it is now.

    Raises InputError where the file must be hashed and cannot be read, AbsentError where there is no audio.
    """
    if utterance.audio is None:
        raise AbsentError("no audio")
    return audio_sha256(utterance.audio, utterance.audio_sha256, utterance.audio_stamp)


def sound_key(audio_sha256: str, start_s: float | None, end_s: float | None, channel: int | None) -> str:
    """Key of a segment and channel of the file with this hash."""
    one = {} if channel is None else {"channel": channel}
    return content_key(audio_sha256=audio_sha256, start_s=start_s, end_s=end_s, **one)


def samples_key(samples: Float32) -> str:
    """Key of sound that is no file, [n] at 16 kHz: hash of its samples."""
    return content_key(samples_sha256=hashlib.sha256(samples.astype("<f4").tobytes()).hexdigest())


@dataclass(frozen=True)
class StoredF0:
    """An F0 engine and the shelf that holds what it has computed, under `audio_key`; each engine has its own shelf."""

    engine: F0Engine
    shelf: Shelf

    def f0_hz(self, key: str, waveform: Float32) -> Float64:
        """F0 of the whole utterance, [frames] in Hz on the 5 ms grid: from the shelf, else computed and put there.

        `key` is `audio_key(utterance)`, `waveform` [samples] its audio at 16 kHz. What another process is computing is
        waited for.
        """
        found = self.find(key)
        if found is None:
            with self.shelf.claimed(key):
                found = self.find(key)
                if found is None:
                    found = self.engine.f0_hz(waveform, SAMPLE_RATE_HZ)
                    self.shelf.put(key, {"f0_hz": found})
        return found.astype(np.float64, copy=False)

    def find(self, key: str) -> Float64 | None:
        """What the shelf holds of it."""
        stored = self.shelf.get(key)
        return None if stored is None else stored["f0_hz"].astype(np.float64, copy=False)
