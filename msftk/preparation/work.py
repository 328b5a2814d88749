"""The work that an engine is given: told by components, which are built again where the work is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from msftk.interfaces import Want
from msftk.preparation.components import Components
from msftk.preparation.engine import FEW, few_at_a_time
from msftk.preparation.material import Material
from msftk.preparation.texts import Answer, ask
from msftk.preparation.together import Maker
from msftk.preparation.vectors import encode, text_key
from msftk.types import Alignment, Float32, Utterance


class Question(NamedTuple):
    """An utterance to prepare, its row among all of them, and samples or alignment where these are no file."""

    row: int
    utterance: Utterance
    samples: Float32 | None = None
    alignment: Alignment | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What preparing one utterance came to: source -> its answer; `audio_key`: of its F0, where that was asked for;
    `outcomes`: what was made or found on the way, and what failed; `made_by`: who made its transcript, alignment and
    description, where they were read."""

    by_source: Mapping[str, Answer]
    warnings: Mapping[str, str]
    audio_key: str | None
    outcomes: Mapping[str, str]
    made_by: Mapping[str, str]


@dataclass(frozen=True)
class Hear:
    """Finds F0 of an utterance, for whoever asks for it later, who also says what is wrong with the audio."""

    components: Components
    wants: ClassVar[Want] = "cpu-kernel"

    def __call__(self, question: Question) -> Mapping[str, str]:
        material = self.components.material(*question[1:])
        if material.has_sound:
            _ = material.f0_hz
        return material.outcomes


@dataclass(frozen=True)
class Make:
    """Makes a "transcript" or an "alignment" of each utterance of a batch, for whoever asks for it later, and says why
    there is none."""

    components: Components
    what: str

    @property
    def maker(self) -> Maker[Any]:
        return self.components.shelves.makers[self.what]

    @property
    def wants(self) -> Want:
        want: Want = self.maker.part.component.wants
        return want

    def is_asked(self, question: Question) -> bool:
        """Whether the utterance has it made."""
        material = self.components.material(*question[1:])
        return material.is_transcribed if self.what == "transcript" else material.is_aligned

    def batches(self, questions: Iterable[Question], n: int) -> Iterator[Sequence[Question]]:
        """The `n` questions as the maker wants them."""
        together: int = self.maker.part.component.batch
        return few_at_a_time(questions, n, self.components.engine.workers, together, max(together, FEW))

    def __call__(self, batch: Sequence[Question]) -> list[Mapping[str, str]]:
        materials = [self.components.material(*one[1:]) for one in batch]
        self.maker.make(materials)
        return [material.outcomes for material in materials]


@dataclass(frozen=True)
class Read:
    """Asks every source about a batch of utterances, which are described together."""

    components: Components
    with_f0: bool

    @property
    def wants(self) -> Want:
        """As the describer: all the rest is quick."""
        describer = self.components.parts.describer
        return describer.component.wants if describer else "cpu-kernel"

    @property
    def _together(self) -> int:
        """How many utterances are described together."""
        describer = self.components.parts.describer
        return describer.component.batch if describer else 1

    def batches(self, questions: Iterable[Question], n: int) -> Iterator[Sequence[Question]]:
        """The `n` questions as the describer wants them."""
        most = max(self._together, FEW) if self.wants == "cpu-kernel" else self._together
        return few_at_a_time(questions, n, self.components.engine.workers, self._together, most)

    def __call__(self, batch: Sequence[Question]) -> list[Answers | Exception]:
        materials = [self.components.material(*one[1:]) for one in batch]
        describing = self.components.shelves.describing
        if describing and self._together > 1:
            describing.make(materials)
        return [self._read(material) for material in materials]

    def _read(self, material: Material) -> Answers | Exception:
        try:
            hears = self.with_f0 and material.has_sound
            if hears:
                _ = material.f0_hz
            answers = {part.name: ask(part, material) for part in self.components.parts.sources}
            return Answers(
                answers,
                material.warnings,
                material.audio_key if hears else None,
                material.outcomes,
                material.made_by,
            )
        except Exception as error:  # of this utterance; the others of the batch go on
            return error


@dataclass(frozen=True)
class Encode:
    """Puts the vectors of a batch of texts into the store, but for those that another process has put meanwhile."""

    components: Components
    wants: ClassVar[Want] = "model"

    def __call__(self, texts: tuple[str, ...]) -> None:
        encoder, shelf = self.components.parts.encoder, self.components.text_shelf
        assert encoder is not None
        assert shelf is not None
        with shelf.claimed(*map(text_key, texts)):
            missing = tuple(text for text in texts if text_key(text) not in shelf)
            for text, vector in zip(missing, encode(encoder, missing) if missing else (), strict=True):
                shelf.put(text_key(text), {"vector": vector})
