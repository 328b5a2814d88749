"""What a network reads of utterances: acoustic input prepared once, and semantic vectors beside it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from msftk.errors import MsftkError
from msftk.evaluation.scores import ratings_of
from msftk.interfaces import AcousticEncoder
from msftk.models.batch import Batch, make_batch
from msftk.models.targets import BuiltTarget
from msftk.preparation.prepared import Prepared
from msftk.preparation.texts import Answer
from msftk.progress import Progress, ProgressCallback, silent
from msftk.store.columns import ids_of, take
from msftk.types import Float32, RatingScale, Utterance

MEMORY_BYTES = 4 * 2**30  # prepared inputs kept in memory; what does not fit is read again each epoch
F0_HOP_S = 0.005  # grid of every stored F0
NO_AUDIO = "no audio, and this model listens. Give its audio, or train a model on texts alone."


class Inputs:
    """Each utterance's acoustic input, made by `encoder.prepare`, and its vectors, kept in memory up to `memory_bytes`.

    `seconds_kept` of audio are read, from the start. One object serves all folds: what is fitted on training data is
    applied inside the network, not here. Threads may share it.
    """

    def __init__(self, prepared: Prepared, seconds_kept: float, memory_bytes: int = MEMORY_BYTES) -> None:
        self.prepared = prepared
        self.seconds_kept = seconds_kept
        self.lengths: dict[str, int] = {}
        self._free_bytes = memory_bytes
        self._lock = threading.Lock()
        self._kept: dict[str, Tensor] = {}
        self._vectors: dict[tuple[str, Answer], Float32] = {}

    def read(self, utterance: Utterance, encoder: AcousticEncoder) -> Tensor:
        """[n, ...]; raises InputError for audio that cannot be read, AbsentError where there is none.

        An encoder that reads no sound gets [1, 0].
        """
        if utterance.id in self._kept:
            return self._kept[utterance.id]
        if not encoder.reads_sound:
            self.lengths[utterance.id] = 1
            return torch.empty(1, 0)
        if encoder.reads_stored:
            made = torch.from_numpy(self.prepared.features(utterance.id, encoder.identity()))
        else:
            made = self._prepare(utterance, encoder)
        self.lengths[utterance.id] = len(made)
        if self._has_room(made.nbytes):
            self._kept[utterance.id] = made
        return made

    def _prepare(self, utterance: Utterance, encoder: AcousticEncoder) -> Tensor:
        waveform = self.prepared.waveform(utterance, self.seconds_kept)
        f0_hz = None
        if encoder.needs_f0:
            f0_hz = self.prepared.f0_hz(utterance.id)[: int(self.seconds_kept / F0_HOP_S) + 1]
        with torch.no_grad():
            return torch.as_tensor(encoder.prepare(waveform, f0_hz))

    def vector(self, source: str, utterance_id: str) -> Float32 | None:
        """[dim] of a semantic source, None where it is absent; in memory once for all who say the same."""
        said = self.prepared.said(source, utterance_id)
        if said is None:
            return None
        kept = self._vectors.get((source, said))
        if kept is None:
            kept = self.prepared.vector(source, utterance_id)
            if kept is not None and self._has_room(kept.nbytes):
                self._vectors[source, said] = kept
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
        """Prepares every utterance; returns id -> message of those that cannot be read."""
        failures: dict[str, str] = {}
        for done, utterance in enumerate(utterances, start=1):
            try:
                if encoder.reads_sound and not self.prepared.has_sound(utterance):
                    failures[utterance.id] = NO_AUDIO
                elif message := self.prepared.failures.get(utterance.id):
                    failures[utterance.id] = message
                elif utterance.id not in self.lengths:
                    self.read(utterance, encoder)
            except MsftkError as error:
                failures[utterance.id] = str(error)
            progress(Progress("acoustic input", done, len(utterances)))
        return failures


class Examples:
    """Readable utterances as the network reads them: `batch(rows)`, and what it should answer.

    `truths`: target -> [n, column] float32, NaN where unrated, a regression on the unit scale.
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
        self.lengths = np.array([inputs.lengths[one] for one in self.ids])
        self.source_dims = dict(inputs.prepared.dims)

    def __len__(self) -> int:
        return len(self.ids)

    def batch(self, rows: Iterable[int]) -> Batch:
        chosen = take(self.utterances, list(rows))
        return make_batch(
            [u.id for u in chosen],
            [self.inputs.read(u, self.encoder) for u in chosen],
            {source: [self.inputs.vector(source, u.id) for u in chosen] for source in self.source_dims},
            self.source_dims,
        )


def _truth(target: BuiltTarget, utterances: Sequence[Utterance], scale: RatingScale) -> Tensor:
    truth = target.target.truth(utterances, target.columns)
    if target.target.answer == "regression":
        truth = scale.to_unit(truth)
    return torch.from_numpy(truth.astype(np.float32))
