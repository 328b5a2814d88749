"""F0 of an utterance, computed once and shared by emphasis, `measured` and `logmel`."""

from __future__ import annotations

import numpy as np

from msftk.prosody.f0 import f0_producer, harvest
from msftk.store.features import Shelf, Store
from msftk.store.keys import content_key
from msftk.store.manifest import sha256_file
from msftk.types import SAMPLE_RATE_HZ, Float32, Float64, Utterance

__all__ = ["audio_key", "f0_producer", "f0_shelf", "utterance_f0"]


def audio_key(utterance: Utterance) -> str:
    """Key of an utterance's sound: hash of the whole audio file and the segment; the file is hashed if nobody did.

    Raises InputError where the file must be hashed and cannot be read.
    """
    audio_sha256 = utterance.audio_sha256 or sha256_file(utterance.audio)
    return content_key(audio_sha256=audio_sha256, start_s=utterance.start_s, end_s=utterance.end_s)


def f0_shelf(store: Store) -> Shelf:
    """Where every recipe keeps F0, under `audio_key`."""
    return store.shelf(f0_producer())


def utterance_f0(key: str, waveform: Float32, shelf: Shelf) -> Float64:
    """F0 of the whole utterance, [frames] in Hz on the 5 ms grid: from the shelf, else computed and put there.

    `key` is `audio_key(utterance)`, `waveform` [samples] its audio at 16 kHz.
    """
    stored = shelf.get(key)
    if stored is not None:
        return stored["f0_hz"].astype(np.float64, copy=False)
    f0_hz = harvest(waveform, SAMPLE_RATE_HZ)
    shelf.put(key, {"f0_hz": f0_hz})
    return f0_hz
