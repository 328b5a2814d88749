"""What a network reads of utterances: acoustic input prepared once, and semantic vectors beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from copy import copy

import numpy as np
import torch
from torch import Tensor

from msftk.cores import cores
from msftk.errors import MsftkError
from msftk.evaluation.scores import ratings_of
from msftk.interfaces import AcousticEncoder, Sound
from msftk.models.batch import Batch, make_batch
from msftk.models.targets import BuiltTarget
from msftk.preparation.prepared import Prepared
from msftk.preparation.texts import Answer
from msftk.preparation.waveforms import StoredWaveforms
from msftk.progress import Progress, ProgressCallback, silent
from msftk.prosody.f0 import n_points
from msftk.runs.ahead import Ahead
from msftk.runs.exchanged import exchanged
from msftk.runs.known import Int64, KnownInputs
from msftk.store.columns import chosen, ids_of, take, values_of
from msftk.types import SAMPLE_RATE_HZ, Float32, RatingScale, Utterance

MEMORY_BYTES = 4 * 2**30  # prepared inputs kept in memory; what does not fit is read again each epoch
Change = Callable[[Sound], Sound]  # a recording -> how it sounds this once
Heard = Callable[[str], Change | None]  # id of an utterance -> what changes it, None: it is heard as recorded
NO_AUDIO = "no audio, and this model listens. Give its audio, or train a model on texts alone."


class Inputs:
    """Each utterance's acoustic input, made by `encoder.prepare`, and its vectors, kept in memory up to `memory_bytes`.

    `seconds_kept` of audio are read, from the start. One object serves all folds: what is fitted on training data is
    applied inside the network, not here. Of the sources `exchanged` each utterance reads another's (`exchanged.py`).
    Threads may share it.
    """

    def __init__(
        self,
        prepared: Prepared,
        seconds_kept: float,
        memory_bytes: int = MEMORY_BYTES,
        known: KnownInputs | None = None,
        exchanged: Sequence[str] = (),
    ) -> None:
        self.prepared = prepared
        self.seconds_kept = seconds_kept
        self.known = known
        self.exchanged = exchanged
        self.waveforms: StoredWaveforms | None = None
        self._lengths = np.zeros(len(prepared.rows), np.int64)  # 0: not known
        self._free_bytes = self._memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._kept: dict[str, Tensor] = {}
        self._vectors: dict[tuple[str, Answer], Float32] = {}
        self._found: dict[str, list[Float32 | None]] = {one: [None] * len(prepared.rows) for one in prepared.dims}

    def read(self, utterance: Utterance, encoder: AcousticEncoder, change: Change | None = None) -> Tensor:
        """[n, ...]; raises InputError for audio that cannot be read, AbsentError where there is none.

        An encoder that reads no sound gets [1, 0]. What is changed is prepared anew each time.
        """
        if change is not None:
            return self._prepare(utterance, encoder, change)
        if utterance.id in self._kept:
            return self._kept[utterance.id]
        if not encoder.reads_sound:
            return torch.empty(1, 0)
        if encoder.reads_stored:
            made = torch.from_numpy(self.prepared.features(utterance.id, encoder.identity()))
        else:
            made = self._prepare(utterance, encoder)
        if self._has_room(made.nbytes):
            self._kept[utterance.id] = made
        return made

    def _prepare(self, utterance: Utterance, encoder: AcousticEncoder, change: Change | None = None) -> Tensor:
        waveform = self.prepared.waveform(utterance, self.seconds_kept, self.waveforms)
        f0_hz = self.prepared.f0_hz(utterance.id, self.seconds_kept) if encoder.needs_f0 else None
        if change is not None:
            sound = change(Sound(waveform, f0_hz))
            waveform = sound.waveform[: round(self.seconds_kept * SAMPLE_RATE_HZ)]
            f0_hz = None if sound.f0_hz is None else sound.f0_hz[: n_points(self.seconds_kept)]
        with torch.no_grad():
            return torch.as_tensor(encoder.prepare(waveform, f0_hz))

    def lengths(self, ids: Sequence[str]) -> Int64:
        """[n] length of each input that `read_all` found, else 0."""
        return self._lengths[self._rows(ids)]

    def _rows(self, ids: Sequence[str]) -> Int64:
        return np.fromiter((self.prepared.rows[one] for one in ids), np.int64, len(ids))

    def vector(self, source: str, utterance_id: str) -> Float32 | None:
        """[dim] of a semantic source, None where it is absent; in memory once for all who say the same."""
        row = self.prepared.rows.get(utterance_id)
        if row is None:
            return None
        found = self._found[source][row]  # most of an epoch's vectors: no answer is looked at
        return self._look_up(source, utterance_id, row) if found is None else found

    def _look_up(self, source: str, utterance_id: str, row: int) -> Float32 | None:
        said = self.prepared.said(source, utterance_id)
        if said is None:
            return None
        kept = self._vectors.get((source, said))
        if kept is None:
            kept = self.prepared.vector(source, utterance_id)
            if kept is None or not self._has_room(kept.nbytes):
                return kept
            self._vectors[source, said] = kept
        self._found[source][row] = kept
        return kept

    def _has_room(self, n_bytes: int) -> bool:
        """Whether so much is still free: then it is taken."""
        with self._lock:
            has_room = n_bytes <= self._free_bytes
            self._free_bytes -= n_bytes if has_room else 0
        return has_room

    def read_all(
        self, utterances: Sequence[Utterance], encoder: AcousticEncoder, progress: ProgressCallback = silent
    ) -> dict[str, str]:
        """Finds the length of every input: what neither this nor an earlier run has read is read now, on all cores.

        Returns id -> message of those that cannot be read.
        """
        if self.known is not None and self.waveforms is None:
            self.waveforms = self.known.waveforms(encoder, utterances, self._memory_bytes)
        ids, lengths = ids_of(utterances), self._known_lengths(utterances, encoder)
        failures = self._unusable(utterances, encoder)
        unread = lengths == 0
        unread[list(failures)] = False
        done = len(ids) - int(unread.sum())
        note = self.waveforms.note if self.waveforms else ""
        progress(Progress("acoustic input", done, len(ids), note))
        try:
            attempt, left = self._attempt(encoder), chosen(utterances, unread)
            with Ahead(attempt, left, cores()) if len(left) > 1 else nullcontext(map(attempt, left)) as read:
                for row, made in zip(np.flatnonzero(unread).tolist(), read, strict=True):
                    if isinstance(made, MsftkError):
                        failures[row] = str(made)
                    else:
                        lengths[row] = made
                    done += 1
                    progress(Progress("acoustic input", done, len(ids), note))
        finally:  # an interrupted job has read these
            if self.known is not None and lengths[unread].any():
                self.known.keep_lengths(encoder, utterances, lengths)
        self._lengths[self._rows(ids)] = lengths
        return {ids[row]: failures[row] for row in sorted(failures)}

    def _attempt(self, encoder: AcousticEncoder) -> Callable[[Utterance], int | MsftkError]:
        """Reads an utterance's input: its length, or what is wrong with it."""

        def attempt(utterance: Utterance) -> int | MsftkError:
            try:
                return len(self.read(utterance, encoder))
            except MsftkError as error:
                return error

        return attempt

    def _known_lengths(self, utterances: Sequence[Utterance], encoder: AcousticEncoder) -> Int64:
        """[n] length of each input, 0 where it must be read."""
        if not encoder.reads_sound:
            return np.ones(len(utterances), np.int64)
        lengths = self.lengths(ids_of(utterances))
        if self.known is None or lengths.all():
            return lengths
        known = self.known.lengths(encoder, utterances)
        if self.waveforms is not None:
            known[~self.waveforms.holds(self.known.sounds(utterances))] = 0
        return np.where(lengths, lengths, known)

    def _unusable(self, utterances: Sequence[Utterance], encoder: AcousticEncoder) -> dict[int, str]:
        """row -> message of those that have no sound, or failed before."""
        ids, prepared = ids_of(utterances), self.prepared
        failures = {row: prepared.failures[one] for row, one in enumerate(ids) if one in prepared.failures}
        if encoder.reads_sound:
            audio = values_of(utterances, "audio")
            failures |= {
                row: f"{one}: {NO_AUDIO}"
                for row, one in enumerate(ids)
                if audio[row] is None and one not in prepared.samples
            }
        return failures

    @property
    def full_disk(self) -> str | None:
        """What is to be said where the disk became full under the stored waveforms."""
        return self.waveforms.full if self.waveforms else None

    def fit(self, encoder: AcousticEncoder, utterances: Sequence[Utterance]) -> None:
        """Fits the encoder's normalisation to the inputs of these, in their order, where no earlier run did."""
        if self.known is not None and self.known.restore(encoder, utterances):
            return
        before = {name: buffer.clone() for name, buffer in encoder.named_buffers()}
        with Ahead(lambda one: self.read(one, encoder), utterances) as read:
            encoder.fit(read)
        if self.known is not None:
            self.known.keep_fitted(encoder, utterances, before)


class Examples:
    """Readable utterances as the network reads them: `batch(rows)`, and what training teaches of them.

    `truths`: target -> [n, column] float32, or [n, column, rater]; NaN where unrated, ratings on the unit scale.
    """

    def __init__(
        self,
        utterances: Sequence[Utterance],
        inputs: Inputs,
        encoder: AcousticEncoder,
        scale: RatingScale,
        targets: Mapping[str, BuiltTarget],
    ) -> None:
        self.utterances = utterances
        self.ids = tuple(ids_of(utterances))
        self.inputs = inputs
        self.encoder = encoder
        self.ratings = ratings_of(self.utterances)  # corpus scale, NaN where unrated
        self.truths = {name: _truth(one, self.utterances, scale) for name, one in targets.items()}
        self.lengths = inputs.lengths(self.ids)
        self.source_dims = dict(inputs.prepared.dims)
        self.others = {s: _others(s, self.ids, inputs) for s in inputs.exchanged if s in self.source_dims}

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, rows: Int64) -> Examples:
        """Some of them, in the order of `rows`."""
        one = copy(self)
        one.utterances, one.ids = take(self.utterances, rows.tolist()), tuple(self.ids[row] for row in rows)
        one.ratings, one.lengths = self.ratings[rows], self.lengths[rows]
        one.truths = {name: truth[torch.from_numpy(rows)] for name, truth in self.truths.items()}
        return one

    def batch(self, rows: Iterable[int], heard: Heard | None = None) -> Batch:
        """Inputs of these rows, as recorded or as `heard` has them; meaning and truth are always the recording's."""
        several = take(self.utterances, list(rows))
        return make_batch(
            [u.id for u in several],
            [self.inputs.read(u, self.encoder, heard(u.id) if heard else None) for u in several],
            {source: [self._vector(source, u.id) for u in several] for source in self.source_dims},
            self.source_dims,
            [getattr(u, self.encoder.column) for u in several] if self.encoder.column else (),
        )

    def _vector(self, source: str, utterance_id: str) -> Float32 | None:
        return self.inputs.vector(source, self.others.get(source, {}).get(utterance_id, utterance_id))


def _others(source: str, ids: Sequence[str], inputs: Inputs) -> dict[str, str]:
    """Whose vector each of those that have the source reads."""
    return exchanged([one for one in ids if inputs.prepared.said(source, one) is not None])


def _truth(target: BuiltTarget, utterances: Sequence[Utterance], scale: RatingScale) -> Tensor:
    truth = target.target.taught(utterances, target.columns)
    if target.is_rating:
        truth = scale.to_unit(truth)
    return torch.from_numpy(truth.astype(np.float32))
