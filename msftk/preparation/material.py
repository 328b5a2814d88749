"""What is known of one utterance, each thing read or made when it is first asked for, and not before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from msftk.errors import AbsentError, InputError
from msftk.interfaces import Evidence, Need
from msftk.preparation.f0 import StoredF0, audio_key
from msftk.preparation.parts import Part, Parts
from msftk.prosody import emphasis
from msftk.speech.alignment import utterance_alignment
from msftk.speech.audio import load_utterance
from msftk.store.features import FLUSH_ITEMS, Shelf, Store
from msftk.store.keys import alignment_digest, content_key
from msftk.store.records import RecordLog
from msftk.types import (
    DESCRIPTION_FIELDS,
    SAMPLE_RATE_HZ,
    Alignment,
    Description,
    Emphasis,
    Float32,
    Float64,
    Utterance,
)


@dataclass(frozen=True)
class Shelves:
    """Where a preparation keeps what it made: F0, descriptions, and each source's texts or vectors."""

    f0: StoredF0
    descriptions: RecordLog | None
    texts: Mapping[str, RecordLog]
    vectors: Mapping[str, Shelf]

    @classmethod
    def of(cls, parts: Parts, store: Store) -> Shelves:
        direct = {part.name for part in parts.sources if hasattr(part.component, "vector")}
        describer = parts.describer
        return cls(
            StoredF0(parts.f0.component, store.shelf(parts.f0.producer)),
            store.records(describer.producer, getattr(describer.component, "flush_items", FLUSH_ITEMS))
            if describer
            else None,
            {part.name: store.records(part.producer) for part in parts.sources if part.name not in direct},
            {part.name: store.shelf(part.producer) for part in parts.sources if part.name in direct},
        )

    def flush(self) -> None:
        for shelf in (self.f0.shelf, self.descriptions, *self.texts.values(), *self.vectors.values()):
            if shelf is not None:
                shelf.flush()


class Material:
    """One utterance under preparation.

    What it does not have raises AbsentError with a countable reason; audio that cannot be used raises InputError.
    `warnings`: what -> message, where something was there and could not be used.
    """

    def __init__(self, utterance: Utterance, parts: Parts, shelves: Shelves) -> None:
        self.utterance = utterance
        self.parts = parts
        self.shelves = shelves
        self.warnings: dict[str, str] = {}

    @cached_property
    def audio_key(self) -> str:
        return audio_key(self.utterance)

    @cached_property
    def waveform(self) -> Float32:
        return load_utterance(self.utterance)

    @cached_property
    def f0_hz(self) -> Float64:
        return self.shelves.f0.f0_hz(self.audio_key, self.waveform)

    @cached_property
    def transcript(self) -> str:
        text = (self.utterance.transcript or "").strip()
        if not text:
            raise AbsentError("no transcript")
        return text

    @cached_property
    def alignment(self) -> Alignment:
        try:
            return utterance_alignment(self.utterance, self.parts.alignment)
        except AbsentError as error:
            raise AbsentError("no alignment") from error
        except InputError as error:
            self.warnings["alignment"] = str(error)
            raise AbsentError("alignment cannot be used") from error

    @cached_property
    def alignment_digest(self) -> str:
        return alignment_digest(self.alignment)

    @cached_property
    def emphasis(self) -> Emphasis:
        assert self.parts.scorer is not None
        alignment, waveform, f0_hz = self.alignment, self.waveform, self.f0_hz
        try:
            return emphasis(
                waveform,
                SAMPLE_RATE_HZ,
                alignment,
                transcript=self.utterance.transcript,
                f0_hz=f0_hz,
                scorer=self.parts.scorer.component,
            )
        except InputError as error:  # no words, words past the end
            self.warnings["emphasis"] = f"{self.utterance.alignment}: {error}"
            raise AbsentError("alignment cannot be used") from error

    @cached_property
    def description(self) -> Description:
        part, log = self.parts.describer, self.shelves.descriptions
        assert part is not None
        assert log is not None
        key = self.key(part)
        row = log.get(key)
        if row is None:
            evidence = self.evidence(part)
            try:
                description: Description = part.component.describe(evidence)
            except AbsentError:
                raise
            except Exception as error:  # any plugin, any failure: this utterance goes without, and is tried again
                self.warnings["description"] = f"describer '{part.name}': {error}"
                raise AbsentError("description failed") from error
            log.put(key, asdict(description))
        else:
            description = Description(**{name: value for name, value in row.items() if name != "key"})
        if description.status != "ok":
            raise AbsentError(description.status)
        if not any(getattr(description, name) for name in DESCRIPTION_FIELDS):
            raise AbsentError("empty description")
        return description

    def key(self, part: Part) -> str:
        """Content of everything that `part` reads of this utterance."""
        optional = {need: self._content(need, optional=True) for need in part.optional}
        return content_key(**optional, **{need: self._content(need) for need in part.needs})

    def evidence(self, part: Part) -> Evidence:
        """What `part` needs, and nothing else: what it does not declare, it does not see."""
        found: dict[str, Any] = {}
        for need in part.needs:
            found[_FIELD[need]] = self._value(need)
        for need in part.optional:
            try:
                found[_FIELD[need]] = self._value(need)
            except AbsentError:
                found[_FIELD[need]] = None
        return Evidence(**{"id": self.utterance.id, **found})

    def _value(self, need: Need) -> Any:
        return getattr(self.utterance if need in ("id", "language") else self, _FIELD[need])

    def _content(self, need: Need, optional: bool = False) -> object:
        """The content that stands for `need` in a key; what is made of other things stands there by those."""
        try:
            match need:
                case "id" | "language":
                    return self._value(need)
                case "transcript":
                    return self.transcript
                case "audio" | "f0":
                    return self.audio_key
                case "alignment":
                    return self.alignment_digest
                case "emphasis":
                    return [self.audio_key, self.alignment_digest, self.utterance.transcript]
                case "description":
                    assert self.parts.describer is not None
                    return self.key(self.parts.describer)
        except AbsentError:
            if optional:
                return None
            raise


_FIELD: dict[Need, str] = {
    "id": "id",
    "language": "language",
    "audio": "waveform",
    "f0": "f0_hz",
    "alignment": "alignment",
    "transcript": "transcript",
    "emphasis": "emphasis",
    "description": "description",
}
