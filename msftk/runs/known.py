"""What the store knows of acoustic inputs from earlier runs: how long each is, and what was fitted to them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from msftk.errors import MsftkError
from msftk.files import is_full
from msftk.interfaces import AcousticEncoder
from msftk.preparation.f0 import sound_key
from msftk.preparation.prepared import Prepared
from msftk.preparation.waveforms import StoredWaveforms, stored_waveforms
from msftk.registry import registry
from msftk.settings import Settings
from msftk.speech.audio import DECODING_VERSION
from msftk.store.audio import audio_sha256
from msftk.store.columns import chosen, ids_of, rows_of, values_of
from msftk.store.features import Store
from msftk.store.shelf import Shelf
from msftk.types import SAMPLE_RATE_HZ, AudioStamp, Utterance

Int64 = NDArray[np.int64]

LENGTHS = "lengths"  # key of the entry that holds those of every input
PROBE_S = 4
KEY = "S32"  # a sound's key, as bytes; empty: no file, or none that is there


class KnownInputs:
    """Lengths of inputs that an encoder of these settings prepared, and buffers that it fitted; both by content.

    The sound of each utterance is looked at once (stat; hash on a difference).
    """

    def __init__(self, store: Store, settings: Settings, prepared: Prepared) -> None:
        self._store, self._settings, self._prepared = store, settings, prepared
        self._sounds: NDArray[np.bytes_] = np.zeros(len(prepared.rows), KEY)
        self._seen = np.zeros(len(prepared.rows), bool)
        self._opened: tuple[AcousticEncoder, Shelf] | None = None

    def sounds(self, utterances: Sequence[Utterance]) -> NDArray[np.bytes_]:
        """[n] key of each sound."""
        rows = np.array([self._prepared.rows[one] for one in ids_of(utterances)], np.int64)
        new = ~self._seen[rows]
        if new.any():
            self._sounds[rows[new]] = np.fromiter(_sounds(chosen(utterances, new)), KEY, int(new.sum()))
            self._seen[rows[new]] = True
        return self._sounds[rows]

    def waveforms(
        self, encoder: AcousticEncoder, utterances: Sequence[Utterance], memory_bytes: int
    ) -> StoredWaveforms | None:
        """What their waveforms are kept in, as `data.waveforms` has it. Raises as `stored_waveforms`."""
        if not encoder.reads_sound or encoder.reads_stored:
            return None
        data, durations_s = self._settings.data, values_of(utterances, "duration_s")
        return stored_waveforms(
            *(data.waveforms, self.sounds(utterances), durations_s, self._store, data.seconds_kept),
            fits_memory=lambda seconds: bytes_per_s(encoder) * seconds <= memory_bytes,
        )

    def lengths(self, encoder: AcousticEncoder, utterances: Sequence[Utterance]) -> Int64:
        """[n] length of each input, 0 where it is not known."""
        keys, lengths = self._stored(encoder)
        if not len(keys):
            return np.zeros(len(utterances), np.int64)
        sounds = self.sounds(utterances)
        places = np.searchsorted(keys, sounds).clip(max=len(keys) - 1)
        return np.where(keys[places] == sounds, lengths[places], 0)

    def keep_lengths(self, encoder: AcousticEncoder, utterances: Sequence[Utterance], lengths: Int64) -> None:
        """Adds those that are known now, [n]; 0 is not."""
        sounds = self.sounds(utterances)
        new = (sounds != b"") & (lengths > 0)
        if not new.any():
            return
        keys, known = self._stored(encoder)
        keys, places = np.unique(np.concatenate([sounds[new], keys]), return_index=True)  # the first of equal ones
        merged = np.concatenate([lengths[new], known])[places]
        columns = {"keys": keys.view(np.uint8).reshape(len(keys), -1), "lengths": merged}
        self._put(encoder, LENGTHS, columns)

    def restore(self, encoder: AcousticEncoder, utterances: Sequence[Utterance]) -> bool:
        """Gives the encoder the buffers that were fitted to the inputs of these utterances, if they are known."""
        key = self._of_all(utterances)
        fitted = None if key is None else self._shelf(encoder).get(key)
        if fitted is not None:
            for name, buffer in encoder.named_buffers():
                if name in fitted:
                    buffer.copy_(torch.from_numpy(fitted[name]))
        return fitted is not None

    def keep_fitted(
        self, encoder: AcousticEncoder, utterances: Sequence[Utterance], before: Mapping[str, Tensor]
    ) -> None:
        """Files the buffers that a fit to the inputs of these utterances changed from what they were `before`."""
        key = self._of_all(utterances)
        fitted = {
            name: one
            for name, one in encoder.named_buffers()
            if name not in before or not torch.equal(one, before[name])
        }
        if key is not None and all(name in before and one.shape == before[name].shape for name, one in fitted.items()):
            self._put(encoder, key, {name: one.numpy() for name, one in fitted.items()})

    def _of_all(self, utterances: Sequence[Utterance]) -> str | None:
        """What stands for all these sounds in their order; None where one of them is not known."""
        sounds = self.sounds(utterances)
        return hashlib.sha256(sounds.tobytes()).hexdigest() if (sounds != b"").all() else None

    def _stored(self, encoder: AcousticEncoder) -> tuple[NDArray[np.bytes_], Int64]:
        """Sorted keys of sounds, and the length of each one's input."""
        stored = self._shelf(encoder).get(LENGTHS)
        if stored is None:
            return np.zeros(0, KEY), np.zeros(0, np.int64)
        return stored["keys"].view(KEY).ravel(), stored["lengths"]

    def _put(self, encoder: AcousticEncoder, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        shelf = self._shelf(encoder)
        try:
            shelf.put(key, arrays)
            shelf.flush()
        except OSError as error:
            if not is_full(error):  # on a full disk the next run finds it out again
                raise

    def _shelf(self, encoder: AcousticEncoder) -> Shelf:
        if self._opened is None or self._opened[0] is not encoder:  # its identity may be the hash of a large model
            self._opened = encoder, self._store.shelf(self._producer(encoder))
        return self._opened[1]

    def _producer(self, encoder: AcousticEncoder) -> dict[str, object]:
        chosen, made = self._settings.component("acoustic"), self._prepared.producers
        reads = ("f0",) * encoder.needs_f0 + ("acoustic features",) * encoder.reads_stored
        options = registry().options("acoustic-encoder", chosen.name, chosen.options)
        return {
            "kind": "acoustic-input",
            "plugin": chosen.name,
            "package": registry().get("acoustic-encoder", chosen.name).package,
            "results_version": encoder.results_version,
            "options": {**options.model_dump(mode="json"), "seconds_kept": self._settings.data.seconds_kept},
            "identity": dict(encoder.identity()),
            "upstream": {
                "audio": {"decoding": DECODING_VERSION},
                **{what: made[what] for what in reads},
            },
        }


def bytes_per_s(encoder: AcousticEncoder) -> float:
    """Size of what an encoder prepares of a second, by preparing some of noise."""
    noise = np.random.default_rng(0).normal(0, 0.1, PROBE_S * SAMPLE_RATE_HZ).astype(np.float32)
    f0_hz = np.full(PROBE_S * 200 + 1, 120.0) if encoder.needs_f0 else None  # every 5 ms
    with torch.no_grad():
        return torch.as_tensor(encoder.prepare(noise, f0_hz)).nbytes / PROBE_S


def _sounds(utterances: Sequence[Utterance]) -> Iterator[bytes]:
    """As `audio_key`; of a table no utterance is made, and a file of many segments is looked at once."""
    place = cache(_stamp)
    columns = ("audio", "audio_sha256", "audio_bytes", "audio_mtime_ns", "start_s", "end_s", "channel")
    for audio, sha256, n_bytes, mtime_ns, *segment in rows_of(utterances, columns):
        now = None if audio is None else place(audio)
        if now is None:
            yield b""
            continue
        stamp = None if n_bytes is None else AudioStamp(n_bytes, mtime_ns)
        if sha256 is None or stamp not in (None, now):
            sha256 = _hashed(audio, sha256, stamp)
        yield b"" if sha256 is None else bytes.fromhex(sound_key(sha256, *segment))


def _stamp(path: Path) -> AudioStamp | None:
    try:
        return AudioStamp.of(path)
    except (OSError, ValueError):
        return None


def _hashed(path: Path, known: str | None, stamp: AudioStamp | None) -> str | None:
    try:
        return audio_sha256(path, known, stamp)
    except MsftkError:  # who reads the file says why
        return None
