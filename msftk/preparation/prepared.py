"""What preparation knows of the utterances it was given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msftk.errors import InputError
from msftk.preparation.absences import Absences
from msftk.preparation.acoustic import StoredAcoustics
from msftk.preparation.given import TOO_LOUD
from msftk.preparation.outcomes import Tally
from msftk.preparation.texts import Answer
from msftk.preparation.waveforms import StoredWaveforms
from msftk.prosody.f0 import n_points
from msftk.speech.audio import is_far_beyond_full_scale, load_utterance
from msftk.store.keys import KeyColumn
from msftk.store.shelf import Shelf
from msftk.types import SAMPLE_RATE_HZ, Float32, Float64, Utterance


@dataclass(frozen=True)
class Prepared:
    """Texts, vectors and F0 of utterances by their ids; vectors and F0 are read from the store when asked for.

    `dims`, `groups`: of each source. `failures`: utterances whose audio cannot be used, with the message. `warnings`:
    where something was there and could not be used. `stages`: what was made, and what of it the store had.
    `producers`: what was made -> hash of its producer.
    """

    dims: Mapping[str, int]
    groups: Mapping[str, str]
    failures: Mapping[str, str]
    stages: Mapping[str, Tally]
    warnings: dict[str, str]
    producers: Mapping[str, str]
    rows: Mapping[str, int] = field(repr=False)  # utterance id -> its row in the columns
    answers: Mapping[str, Sequence[Answer | None]] = field(repr=False)  # source -> what it gave, one a row
    shelves: Mapping[str, Shelf] = field(repr=False)  # source -> where its vectors lie
    f0_shelf: Shelf = field(repr=False)
    made_by: Sequence[Mapping[str, str]] = field(repr=False)  # what was read -> who made it, one a row
    audio_keys: KeyColumn = field(repr=False)  # of F0, where F0 was asked for
    samples: Mapping[str, Float32] = field(default_factory=dict, repr=False)  # of utterances without an audio file
    acoustics: StoredAcoustics | None = field(default=None, repr=False)  # where an adaptation stores features

    def text(self, source: str, utterance_id: str) -> str | None:
        """The source's text, None where it is absent or the source makes its vector without one."""
        answer = self._answer(source, utterance_id)
        return answer.text if answer else None

    def said(self, source: str, utterance_id: str) -> Answer | None:
        """What the source answered, None where it is absent; equal answers have one vector."""
        answer = self._answer(source, utterance_id)
        return None if answer is None or answer.reason is not None else answer

    def vector(self, source: str, utterance_id: str) -> Float32 | None:
        """The source's vector [dims[source]] float32, None where it is absent."""
        answer = self.said(source, utterance_id)
        if answer is None:
            return None
        vector: Float32 = _stored(self.shelves[source], answer.key, "vector", utterance_id)
        return vector

    def f0_hz(self, utterance_id: str, max_s: float | None = None) -> Float64:
        """F0 of the utterance [frames] in Hz, 5 ms grid, 0 = unvoiced; of its first `max_s`, None: of all of it.

        Raises InputError where it was not prepared.
        """
        row = self.rows.get(utterance_id)
        key = None if row is None else self.audio_keys[row]
        if key is None:
            why = self.failures.get(utterance_id, "F0 was not asked for: extract it with with_f0=True.")
            raise InputError(f"utterance {utterance_id} has no F0. {why}")
        f0_hz: Float64 = _stored(self.f0_shelf, key, "f0_hz", utterance_id)
        return f0_hz if max_s is None else f0_hz[: n_points(max_s)]

    def features(self, utterance_id: str, identity: Mapping[str, str]) -> Float32:
        """Stored acoustic features [n, ...] of the model `identity`. Raises InputError where there are none."""
        if self.acoustics is None:
            raise InputError(
                f"utterance {utterance_id} has no acoustic features. Extract them with the run's settings."
            )
        return self.acoustics.features(self.rows.get(utterance_id), utterance_id, identity)

    @property
    def acoustic_config(self) -> str | None:
        """What an encoder that reads stored features is built from; None: from its options."""
        return self.acoustics.config() if self.acoustics else None

    def waveform(
        self, utterance: Utterance, max_s: float | None = None, waveforms: StoredWaveforms | None = None
    ) -> Float32:
        """Its sound [n] at 16 kHz, the first `max_s` of it: by `waveforms`, or from its file, or as it was handed in.
        Raises as `load_utterance`."""
        if utterance.id in self.samples:
            waveform = self.samples[utterance.id][: None if max_s is None else round(max_s * SAMPLE_RATE_HZ)]
        elif waveforms is not None:
            waveform = waveforms.load(utterance)
        else:
            waveform = load_utterance(utterance, max_s)
        if is_far_beyond_full_scale(waveform):  # also where its F0 was in the store and nobody looked
            self.warnings.setdefault(utterance.id, TOO_LOUD)
        return waveform

    @property
    def present(self) -> dict[str, int]:
        """source -> how many utterances have it."""
        return {source: sum(a is not None and a.reason is None for a in own) for source, own in self.answers.items()}

    @property
    def absent(self) -> dict[str, dict[str, int]]:
        """source -> reason -> how many utterances lack it."""
        return self._absent(self.rows)

    def makers(self, ids: Iterable[str]) -> dict[str, dict[str, int]]:
        """ "transcript", "alignment", "description" -> who made it -> of how many of these utterances."""
        counts: dict[str, Counter[str]] = {}
        for own in (self.made_by[self.rows[one]] for one in ids if one in self.rows):
            for what, who in own.items():
                counts.setdefault(what, Counter())[who] += 1
        return {what: dict(own) for what, own in counts.items()}

    def missing(self, utterances: Iterable[Utterance]) -> dict[str, dict[str, int]]:
        """`absent` among some of the utterances."""
        return self._absent([utterance.id for utterance in utterances])

    def _absent(self, ids: Iterable[str]) -> dict[str, dict[str, int]]:
        absences = Absences()
        for source in self.answers:
            for one in ids:
                if (answer := self._answer(source, one)) and answer.reason:
                    absences.add(source, answer.reason, one)
        return {source: absences.counts(source) for source in self.answers}

    def _answer(self, source: str, utterance_id: str) -> Answer | None:
        row = self.rows.get(utterance_id)
        return None if row is None else self.answers[source][row]


def _stored(shelf: Shelf, key: str, name: str, utterance_id: str) -> Any:
    """What was just put or found there; gone only where somebody deletes the store meanwhile."""
    stored = shelf.get(key)
    if stored is None:
        raise InputError(
            f"{shelf.folder}: the {name} of utterance {utterance_id} is gone. "
            "Leave the store alone while it is read, and run `msftk extract` again."
        )
    return stored[name]
