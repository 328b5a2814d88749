"""What is known of one utterance, each thing read or made when it is first asked for, and not before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from msftk.errors import AbsentError, BackEndError
from msftk.interfaces import Evidence, Need
from msftk.preparation.descriptions import answers_of
from msftk.preparation.f0 import StoredF0
from msftk.preparation.given import Given
from msftk.preparation.once import once
from msftk.preparation.parts import Part, Parts
from msftk.prosody import emphasis
from msftk.store.features import Store
from msftk.store.keys import content_key
from msftk.store.records import RecordLog
from msftk.store.shelf import Shelf
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

    @property
    def logs(self) -> tuple[RecordLog, ...]:
        """Those of rows: what cannot be had stands there with a "status" that says why."""
        return (*((self.descriptions,) if self.descriptions is not None else ()), *self.texts.values())

    def flush(self) -> None:
        for log in self.logs:
            log.flush()
        for shelf in (self.f0.shelf, *self.vectors.values()):
            shelf.flush()

    def forget_failed(self) -> None:
        """What was stored as failed, of whichever corpus, will be tried again when it is next asked for."""
        for log in self.logs:
            log.forget_failed()


def open_shelves(parts: Parts, store: Store) -> Shelves:
    """The places of what these components make."""
    direct = {part.name for part in parts.sources if part.component.makes_vectors}
    describer = parts.describer
    return Shelves(
        StoredF0(parts.f0.component, store.shelf(parts.f0.producer)),
        store.records(describer.producer, describer.component.flush_items) if describer else None,
        {part.name: store.records(part.producer) for part in parts.sources if part.name not in direct},
        {part.name: store.shelf(part.producer) for part in parts.sources if part.name in direct},
    )


class Material(Given):
    """One utterance under preparation: beside what it brings along, what is made of it.

    What it cannot have raises AbsentError with a countable reason; audio that cannot be used, or a component that
    fails, raises another error.
    """

    def __init__(
        self,
        utterance: Utterance,
        parts: Parts,
        shelves: Shelves,
        samples: Float32 | None = None,
        alignment: Alignment | None = None,
    ) -> None:
        super().__init__(utterance, parts.alignment, samples, alignment)
        self.parts = parts
        self.shelves = shelves
        self.undescribed: Exception | None = None  # why there is no description, where it was asked for

    @once
    def f0_hz(self) -> Float64:
        return self.shelves.f0.f0_hz(self.audio_key, self.waveform)

    @once
    def fitting_alignment(self) -> Alignment:
        """The alignment that emphasis is found by: with words, and all of them within the audio."""
        _ = self.alignment  # no audio is read for one that is absent
        return self.alignment_within(len(self.waveform) / SAMPLE_RATE_HZ)

    @once
    def emphasis(self) -> Emphasis:
        assert self.parts.scorer is not None
        alignment = self.fitting_alignment
        return emphasis(
            self.waveform,
            SAMPLE_RATE_HZ,
            alignment,
            transcript=self.utterance.transcript,
            f0_hz=self.f0_hz,
            scorer=self.parts.scorer.component,
        )

    @property
    def describer(self) -> tuple[Part, RecordLog]:
        """Who describes, and where the descriptions lie."""
        assert self.parts.describer is not None
        assert self.shelves.descriptions is not None
        return self.parts.describer, self.shelves.descriptions

    @once
    def description(self) -> Description:
        if self.undescribed is None:
            describe([self])
        if self.undescribed is not None:
            raise self.undescribed
        part, log = self.describer
        row = log.get(self.key(part))
        assert row is not None
        description = Description(**{name: value for name, value in row.items() if name != "key"})
        if description.failed or description.note:
            told = description.status if description.failed else description.note
            self.warnings["description"] = f"describer '{part.name}': {told}"
        if description.status != "ok":
            raise AbsentError(description.status)
        if not any(getattr(description, name) for name in DESCRIPTION_FIELDS):
            raise AbsentError("empty description")
        return description

    def key(self, part: Part) -> str:
        """Content of everything that `part` reads of this utterance."""
        return self.key_of(part.needs, part.optional)

    def key_of(self, needs: Sequence[Need], optional: Sequence[Need] = ()) -> str:
        """Content of these things; what is `optional` may be absent."""
        known = {need: self._content(need, optional=True) for need in optional}
        return content_key(**known, **{need: self._content(need) for need in needs})

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


def describe(materials: Sequence[Material]) -> None:
    """Describes those that the store does not know yet, in one call of the describer.

    Each is then in the store, or its material knows why it is not (`undescribed`). A describer that fails is a warning:
    the utterance goes without, and is tried again in the next run.
    """
    unknown: dict[str, Material] = {}  # by key: what is asked twice is described once
    for material in materials:
        part, log = material.describer
        try:
            if (key := material.key(part)) not in log:
                unknown.setdefault(key, material)
        except Exception as error:  # what the describer reads is absent
            material.undescribed = error
    if unknown:
        with log.claimed(*unknown):
            _describe({key: material for key, material in unknown.items() if key not in log}, part, log)


def _describe(unknown: Mapping[str, Material], part: Part, log: RecordLog) -> None:
    asked: list[tuple[str, Material, Evidence]] = []
    for key, material in unknown.items():
        try:
            asked.append((key, material, material.evidence(part)))
        except Exception as error:  # what the describer reads is absent, or the audio cannot be used
            material.undescribed = error
    answers = answers_of(part.component, [evidence for *_, evidence in asked]) if asked else []
    ends: BackEndError | None = None  # told when the other answers are in the store
    for (key, material, _), answer in zip(asked, answers, strict=True):
        if isinstance(answer, Description):
            log.put(key, asdict(answer))
        elif isinstance(answer, AbsentError):
            material.undescribed = answer
        elif isinstance(answer, BackEndError):
            ends = answer
        else:
            material.warnings["description"] = f"describer '{part.name}': {answer}"
            material.undescribed = AbsentError("description failed")
    if ends is not None:
        raise ends


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
