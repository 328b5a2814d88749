"""The work that an engine is given: told by components, which are built again where the work is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from msftk.interfaces import Aligner, Want
from msftk.preparation.components import Components
from msftk.preparation.engine import FEW, few_at_a_time
from msftk.preparation.material import Material
from msftk.preparation.texts import Answer, ask
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
    `outcomes`: what was made or found on the way, and what failed."""

    by_source: Mapping[str, Answer]
    warnings: Mapping[str, str]
    audio_key: str | None
    outcomes: Mapping[str, str]


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
class Align:
    """Finds the alignments of a batch of utterances that have none, for whoever asks for them later, and says why
    there are none."""

    components: Components

    @property
    def wants(self) -> Want:
        want: Want = self._aligner.wants
        return want

    @property
    def _aligner(self) -> Aligner:
        assert self.components.parts.aligner is not None
        aligner: Aligner = self.components.parts.aligner.component
        return aligner

    def batches(self, questions: Iterable[Question], n: int) -> Iterator[Sequence[Question]]:
        """The `n` questions as the aligner wants them."""
        together = self._aligner.batch
        return few_at_a_time(questions, n, self.components.engine.workers, together, max(together, FEW))

    def __call__(self, batch: Sequence[Question]) -> list[Mapping[str, str]]:
        aligning = self.components.shelves.aligning
        assert aligning is not None
        materials = [self.components.material(*one[1:]) for one in batch]
        aligning.make([material for material in materials if material.lacks_alignment])
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
            return Answers(answers, material.warnings, material.audio_key if hears else None, material.outcomes)
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
