"""What is known of one utterance, each thing read or made when it is first asked for, and not before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from msftk.errors import AbsentError, RefusedError
from msftk.interfaces import Evidence, Need
from msftk.preparation.alignments import alignment_maker, alignment_of
from msftk.preparation.descriptions import description_maker
from msftk.preparation.f0 import StoredF0
from msftk.preparation.given import NO_ALIGNMENT, NO_TRANSCRIPT, Given
from msftk.preparation.once import once
from msftk.preparation.outcomes import FOUND, MADE
from msftk.preparation.parts import Part, Parts
from msftk.preparation.together import Maker
from msftk.preparation.transcripts import transcript_maker, transcript_of
from msftk.prosody import emphasis
from msftk.store.features import Store
from msftk.store.keys import content_key
from msftk.store.records import OK, RecordLog
from msftk.store.shelf import Shelf
from msftk.types import (
    DESCRIPTION_FIELDS,
    GIVEN,
    SAMPLE_RATE_HZ,
    Alignment,
    Description,
    Emphasis,
    Float32,
    Float64,
    Transcript,
    Utterance,
)


@dataclass(frozen=True)
class Shelves:
    """Where a preparation keeps what it made: F0, transcripts, alignments, descriptions, and each source's texts or
    vectors."""

    f0: StoredF0
    transcribing: Maker[Transcript] | None
    aligning: Maker[Alignment] | None
    describing: Maker[Description] | None
    texts: Mapping[str, RecordLog]
    vectors: Mapping[str, Shelf]

    @property
    def makers(self) -> dict[str, Maker[Any]]:
        """By what they make, in the order in which one reads of another."""
        return {maker.what: maker for maker in (self.transcribing, self.aligning, self.describing) if maker}

    @property
    def logs(self) -> tuple[RecordLog, ...]:
        """Those of rows: what cannot be had stands there with a "status" that says why."""
        return (*(maker.log for maker in self.makers.values()), *self.texts.values())

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
    return Shelves(
        StoredF0(parts.f0.component, store.shelf(parts.f0.producer)),
        transcript_maker(parts.transcriber, store) if parts.transcriber else None,
        alignment_maker(parts.aligner, store) if parts.aligner else None,
        description_maker(parts.describer, store) if parts.describer else None,
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
        self.unmade: dict[str, Exception] = {}  # what -> why it is not there, where it was asked for
        self.outcomes: dict[str, str] = {}  # what was asked for -> MADE, FOUND, or why it failed

    @once
    def f0_hz(self) -> Float64:
        found = self.shelves.f0.find(self.audio_key)
        self.outcomes["F0"] = MADE if found is None else FOUND
        return self.shelves.f0.f0_hz(self.audio_key, self.waveform) if found is None else found

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

    @once
    def description(self) -> Description:
        describing = self.shelves.describing
        assert describing is not None
        row = self._made(describing)
        description = Description(**{name: value for name, value in row.items() if name != "key"})
        if description.failed or description.note:
            told = description.status if description.failed else description.note
            self.warnings["description"] = f"describer '{describing.part.name}': {told}"
        if description.status != "ok":
            raise AbsentError(description.status)
        if not any(getattr(description, name) for name in DESCRIPTION_FIELDS):
            raise AbsentError("empty description")
        return description

    @property
    def is_transcribed(self) -> bool:
        """Whether the transcriber is asked: no transcript was given, or it replaces those that were."""
        transcribing = self.shelves.transcribing
        if transcribing is None or not self.has_sound:
            return False
        return transcribing.part.component.replace or not (self.utterance.transcript or "").strip()

    @once
    def transcription(self) -> Transcript:
        """What the transcriber hears, also where a transcript was given."""
        transcribing = self.shelves.transcribing
        assert transcribing is not None
        row = self._made(transcribing)
        if row["status"] != OK:
            raise RefusedError(f"{NO_TRANSCRIPT}: {row['status']}")
        return transcript_of(row)

    @once
    def transcript(self) -> str:
        """The one that was given; where there is none, or it is replaced, the transcriber's."""
        return self.transcription.text if self.is_transcribed else self.given_transcript

    @property
    def transcript_by(self) -> str | None:
        """Who wrote the transcript, None where the corpus came with it, or has none."""
        if self.is_transcribed:
            return self.transcription.made_by if "transcript" in self.__dict__ else None
        return self.utterance.transcript_by

    @property
    def has_transcript(self) -> bool:
        with suppress(AbsentError):
            return bool(self.transcript)
        return False

    @property
    def is_aligned(self) -> bool:
        """Whether the aligner is asked: no alignment was given."""
        return self.shelves.aligning is not None and self.utterance.alignment is None and self._handed_in is None

    @property
    def made_by(self) -> dict[str, str]:
        """Who made what was read of this utterance: transcript, alignment, description."""
        found: dict[str, str] = {}
        if "transcript" in self.__dict__:
            found["transcript"] = self.transcript_by or GIVEN
        if "alignment" in self.__dict__:
            found["alignment"] = self.alignment.aligner or GIVEN
        if describing := self.shelves.describing:
            with suppress(AbsentError):
                row = describing.log.get(self.key(describing.part))
                if row is not None and row["status"] == OK:
                    found["description"] = row["backend"] or describing.part.name
        return found

    @once
    def alignment(self) -> Alignment:
        """The one that was given, as its file tells it; where there is none that can be read, the aligner's."""
        aligning = self.shelves.aligning
        try:
            return self.given_alignment
        except AbsentError:
            if aligning is None or not self.has_transcript:
                raise
        try:
            row = self._made(aligning)
        except AbsentError as absent:
            raise AbsentError(f"{NO_ALIGNMENT}: {absent}") from absent
        if row["status"] != OK:
            self.warnings["aligner"] = f"aligner '{aligning.part.name}': {row['detail']}"
            raise AbsentError(f"alignment refused: {row['status']}")
        return alignment_of(row, aligning.part.name)

    def _made(self, maker: Maker[Any]) -> dict[str, Any]:
        """What the store holds of what this component makes, made now where it does not yet."""
        if maker.what not in self.unmade:
            maker.make([self])
        if maker.what in self.unmade:
            raise self.unmade[maker.what]
        row = maker.log.get(self.key(maker.part))
        assert row is not None
        if (status := row["status"]) != OK:
            self.outcomes[maker.what] = status
        self.outcomes.setdefault(maker.what, FOUND)
        return row

    def key(self, part: Part) -> str:
        """Content of everything that `part` reads of this utterance."""
        return self.key_of(part.needs, part.optional)

    def key_of(self, needs: Sequence[Need], optional: Sequence[Need] = ()) -> str:
        """Content of these things; what is `optional` may be absent."""
        reads = (*needs, *optional)
        known = {need: self._content(need, reads, optional=True) for need in optional}
        return content_key(**known, **{need: self._content(need, reads) for need in needs})

    def evidence(self, part: Part) -> Evidence:
        """What `part` needs, and nothing else: what it does not declare, it does not see."""
        found: dict[str, Any] = {}
        reads = (*part.needs, *part.optional)
        for need in part.needs:
            found[_FIELD[need]] = self._value(need, reads)
        for need in part.optional:
            try:
                found[_FIELD[need]] = self._value(need, reads)
            except AbsentError:
                found[_FIELD[need]] = None
        return Evidence(**{"id": self.utterance.id, **found})

    def _language(self, reads: Sequence[Need]) -> str | None:
        """As the corpus tells it; else, for whoever reads words that were heard, the language they were heard in."""
        if self.utterance.language is None and self.is_transcribed and not OF_WORDS.isdisjoint(reads):
            with suppress(AbsentError):
                return self.transcription.language
        return self.utterance.language

    def _value(self, need: Need, reads: Sequence[Need]) -> Any:
        if need == "language":
            return self._language(reads)
        return self.utterance.id if need == "id" else getattr(self, _FIELD[need])

    def _content(self, need: Need, reads: Sequence[Need], optional: bool = False) -> object:
        """The content that stands for `need` in a key; what is made of other things stands there by those."""
        try:
            match need:
                case "id" | "language":
                    return self._value(need, reads)
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


OF_WORDS: frozenset[Need] = frozenset({"transcript", "alignment", "emphasis"})
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
