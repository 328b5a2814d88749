"""Waveforms in the store: what is heard of each recording, decoded once for all epochs, runs and encoders."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from msftk.errors import InputError
from msftk.files import is_full
from msftk.preparation.f0 import audio_key
from msftk.preparation.room import LEFT_FREE
from msftk.speech.audio import DECODING_VERSION, load_utterance
from msftk.store.features import Store
from msftk.types import SAMPLE_RATE_HZ, Float32, Utterance

FLUSH_ITEMS = 256  # what a power cut costs is decoded again in a second
FULL_SCALE = 1 << 15
BYTES_PER_S = 2 * SAMPLE_RATE_HZ
DECODE = "choose --set data.waveforms=decoded, which decodes ahead of each step and stores nothing"


class StoredWaveforms:
    """The first `seconds_kept` of recordings at 16 kHz, by the key of their sound; threads may share it.

    They are int16 where that is exact, as it is for 16-bit files of one channel at 16 kHz, else float32: what is read
    equals what is decoded to the last bit. Where the disk is full, `full` says so: what is there stays of use, and the
    rest is decoded each time.
    """

    def __init__(self, store: Store, seconds_kept: float) -> None:
        what = {"kind": "waveform", "sample_rate_hz": SAMPLE_RATE_HZ, "seconds_kept": seconds_kept}
        self.shelf = store.shelf({**what, "decoding": DECODING_VERSION}, FLUSH_ITEMS)
        self.seconds_kept = seconds_kept
        self.note = ""  # what is to be said before they are stored
        self.full: str | None = None

    def load(self, utterance: Utterance) -> Float32:
        """[n] as `load_utterance` gives it, out of the store or put there. Raises as `load_utterance` does."""
        key = audio_key(utterance)
        stored = self.shelf.get(key)
        if stored is not None:
            return as_float32(stored["samples"])
        waveform = load_utterance(utterance, self.seconds_kept)
        if self.full is None:
            self._put(key, waveform)
        return waveform

    def holds(self, sounds: NDArray[np.bytes_]) -> NDArray[np.bool_]:
        """[n] whether the index knows the sound of each key, given as 32 bytes."""
        return np.isin(sounds, np.array([*map(bytes.fromhex, self.shelf.keys())], sounds.dtype))

    def _put(self, key: str, waveform: Float32) -> None:
        try:
            if shutil.disk_usage(self.shelf.folder).free < LEFT_FREE:
                raise OSError(errno.ENOSPC, f"less than {LEFT_FREE / 1e9:g} GB are free")
            self.shelf.put(key, {"samples": as_exact(waveform)})
        except OSError as error:
            if not is_full(error):
                raise
            self.full = (
                f"{self.shelf.folder}: no room for more waveforms ({error.strerror}). The {len(self.shelf)} that lie "
                f"there are used, all others are decoded in each epoch. Make room, name another --store, or {DECODE}."
            )


def as_exact(waveform: Float32) -> NDArray[Any]:
    """[n] as int16 if `as_float32` gives back the same bits, else as it is."""
    whole = np.rint(waveform * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return whole if np.array_equal(as_float32(whole).view(np.int32), waveform.view(np.int32)) else waveform


def as_float32(samples: NDArray[Any]) -> Float32:
    """[n] from -1 to 1, as audio libraries decode 16 bits."""
    whole = samples.dtype == np.int16
    made: Float32 = np.multiply(samples, 1 / FULL_SCALE, dtype=np.float32) if whole else samples
    return made


def stored_waveforms(
    choice: Literal["auto", "stored", "decoded"],
    sounds: NDArray[np.bytes_],
    durations_s: Sequence[float | None],
    store: Store,
    seconds_kept: float,
    fits_memory: Callable[[float], bool],
) -> StoredWaveforms | None:
    """What the waveforms of recordings are kept in; None: they are decoded when they are read.

    "auto" stores what does not fit into memory, where it takes no more than half of what is free on the disk.

    Args:
        sounds: [n] key of each sound as 32 bytes; one that is empty is not known.
        durations_s: n of them; None counts as `seconds_kept`.
        fits_memory: whether memory holds what an encoder makes of so many seconds.
    Raises:
        InputError: "stored" finds too little room.
    """
    kept_s = np.array([min(seconds_kept, seconds_kept if s is None else s) for s in durations_s])
    if choice == "decoded" or not store.root.is_dir() or (choice == "auto" and fits_memory(kept_s.sum())):
        return None
    waveforms = StoredWaveforms(store, seconds_kept)
    first = np.zeros(len(sounds), bool)
    first[np.unique(sounds, return_index=True)[1]] = True  # what several share is stored once
    missing_s = kept_s[(first | (sounds == b"")) & ~waveforms.holds(sounds)].sum()
    needed, free = BYTES_PER_S * missing_s, shutil.disk_usage(store.root).free
    if choice == "auto" and 2 * needed > free:
        return None
    size = f"waveforms: {told_size(missing_s)} as 16-bit samples, {free / 1e9:.3g} GB are free"
    if needed and needed + LEFT_FREE > free:
        raise InputError(f"{size} at {store.root}. Make room, name another --store, or {DECODE}.")
    waveforms.note = size if missing_s else ""
    return waveforms


def told_size(seconds: float) -> str:
    return f"{seconds / 3600:.3g} h are {BYTES_PER_S * seconds / 1e9:.3g} GB"
