"""Stored acoustic features: what an encoder's frozen layers make of each recording, once, in batches of like length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from msftk.errors import InputError, MsftkError
from msftk.interfaces import Want, check_same_model
from msftk.preparation.collected import Collected
from msftk.preparation.components import Components
from msftk.preparation.outcomes import FOUND, MADE
from msftk.preparation.parts import Part
from msftk.preparation.room import needed_bytes, told_room
from msftk.preparation.work import Question
from msftk.progress import Progress, ProgressCallback
from msftk.speech.audio import load_utterance
from msftk.store.shelf import Shelf
from msftk.types import SAMPLE_RATE_HZ, Float32

NAME = "features"  # of the array on the shelf
STAGE = "acoustic features"


@dataclass(frozen=True)
class StoredAcoustics:
    """Where the features of utterances lie: `keys`, one a row of what was prepared, None where there are none."""

    part: Part
    shelf: Shelf
    keys: Sequence[str | None] = field(repr=False)

    def features(self, row: int | None, utterance_id: str, identity: Mapping[str, str]) -> Float32:
        """[n, ...]; InputError where they are not there, or come from another model than `identity`."""
        check_same_model(self.part.producer["identity"], identity)
        key = None if row is None else self.keys[row]
        stored = None if key is None else self.shelf.get(key)
        if stored is None:
            raise InputError(
                f"{self.shelf.folder}: the acoustic features of utterance {utterance_id} are not there. "
                "Leave the store alone while it is read, and run `msftk extract` again."
            )
        features: Float32 = stored[NAME]
        return features

    def config(self) -> str | None:
        """What a checkpoint keeps of the encoder that reads them, by the first that is there."""
        for key in self.keys:
            stored = None if key is None else self.shelf.get(key)
            if stored is not None:
                text: str = self.part.component.config(stored[NAME])
                return text
        return None


@dataclass(frozen=True)
class Listen:
    """Features of a batch of recordings, filed under their keys; one that cannot be read is answered by its error."""

    components: Components
    wants: ClassVar[Want] = "model"

    def __call__(self, batch: Sequence[tuple[Question, str]]) -> list[Exception | None]:
        part, shelf = self.components.acoustic, self.components.acoustic_shelf
        assert part is not None
        assert shelf is not None
        answers: list[Exception | None] = []
        waveforms: dict[str, Float32] = {}
        for question, key in batch:
            try:
                waveforms[key] = heard(question, self.components.settings.data.seconds_kept)
                answers.append(None)
            except Exception as error:  # of this recording; the others of the batch go on
                answers.append(error)
        if waveforms:
            for key, made in zip(waveforms, encoded(part, [*waveforms.values()]), strict=True):
                shelf.put(key, {NAME: made})
        return answers


def listen(
    components: Components, questions: Iterable[Question], n: int, collected: Collected, report: ProgressCallback
) -> StoredAcoustics | None:
    """Makes what the store does not hold of those of the `n` that did not fail; None where the settings store nothing.

    Raises what the model raises that cannot be loaded.
    """
    part, shelf = components.acoustic, components.acoustic_shelf
    if part is None or shelf is None:
        return None
    keys: list[str | None] = [None] * n
    unknown: dict[str, Question] = {}
    for question in questions:
        material = components.material(question.utterance, question.samples)
        if material.has_sound and not collected.failed(question.row):
            try:
                key = keys[question.row] = material.audio_key
            except Exception as error:
                collected.take(question, error)
                continue
            if key in unknown:
                continue
            if key in shelf:
                collected.outcomes.add(STAGE, FOUND)
            else:
                unknown[key] = question
    done, note, seconds_kept = 0, "", components.settings.data.seconds_kept
    for batch, answers in components.engine.map(Listen(components), of_like_length(unknown, part.component.batch)):
        if isinstance(answers, Exception):
            raise answers
        for (question, _), trouble in zip(batch, answers, strict=True):
            if trouble is not None:
                collected.take(question, trouble)
            else:
                collected.outcomes.add(STAGE, MADE)
        if not done and components.store.root.is_dir():  # else it is a store in memory
            note = _room(components.store.root, shelf, batch, [*unknown.values()][len(batch) :], seconds_kept)
        done += len(batch)
        report(Progress(STAGE, done, len(unknown), note))
    shelf.flush()
    return StoredAcoustics(part, shelf, keys)


def _room(
    root: Path, shelf: Shelf, first: Sequence[tuple[Question, str]], left: Sequence[Question], seconds_kept: float
) -> str:
    """What the rest will take by what the first batch took. Raises InputError where there is no room."""
    stored = [(min(_seconds(question), seconds_kept), shelf.get(key)) for question, key in first]
    took = [(seconds, arrays[NAME].nbytes) for seconds, arrays in stored if arrays is not None]
    if not took or not left:
        return ""
    return told_room(root, STAGE, needed_bytes(took, [min(_seconds(one), seconds_kept) for one in left]))


def of_like_length(questions: Mapping[str, Question], batch: int) -> Iterator[tuple[tuple[Question, str], ...]]:
    """Batches, the longest first: what does not fit into memory says so at once."""
    by_length = sorted(questions, key=lambda key: -_seconds(questions[key]))
    for first in range(0, len(by_length), batch):
        yield tuple((questions[key], key) for key in by_length[first : first + batch])


def heard(question: Question, seconds_kept: float) -> Float32:
    """Its sound [n] at 16 kHz as far as it is heard."""
    if question.samples is None:
        return load_utterance(question.utterance, seconds_kept)
    return question.samples[: round(seconds_kept * SAMPLE_RATE_HZ)]


def encoded(part: Part, waveforms: Sequence[Float32]) -> list[Float32]:
    """An array a recording. Raises MsftkError where there are not as many, or numbers that are not finite."""
    made = [np.asarray(one, dtype=np.float32) for one in part.component.encode(waveforms)]
    if len(made) != len(waveforms) or not all(np.isfinite(one).all() for one in made):
        raise MsftkError(
            f"adaptation '{part.name}' gave {len(made)} arrays, expected {len(waveforms)}, one a recording, of "
            "finite numbers. Correct the plugin, or take another model."
        )
    return made


def _seconds(question: Question) -> float:
    if question.samples is not None:
        return len(question.samples) / SAMPLE_RATE_HZ
    return question.utterance.duration_s or 0.0
