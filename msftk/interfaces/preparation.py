"""What is made of an utterance once, without gradient, and stored; and the engine that runs it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

from msftk.errors import BackEndError
from msftk.interfaces.component import Component
from msftk.types import (
    SAMPLE_RATE_HZ,
    Alignment,
    Description,
    Emphasis,
    Float32,
    Float64,
    Int32,
    Transcript,
    WordProsody,
)

Want = Literal["cpu-kernel", "model", "network"]  # what work takes: a core, a model in memory, a server's answer
Need = Literal["id", "language", "audio", "f0", "alignment", "transcript", "emphasis", "description"]


class PreparationComponent(Component):
    """Base of the kinds whose results are stored. Several threads call one component."""

    needs: ClassVar[tuple[Need, ...]] = ()
    """The evidence without which it has no result."""
    optional: ClassVar[tuple[Need, ...]] = ()
    """The evidence that it reads where there is any."""
    wants: ClassVar[Want] = "cpu-kernel"
    """How wide it runs: an engine gives each sort of work its own number of workers."""
    flush_items: ClassVar[int] = 32
    """Results that a power cut may cost; 1 where each is dear (audio-language models)."""


@dataclass(frozen=True)
class Evidence:
    """One utterance as semantics may see it: what a component `needs`, and never a label, a split or a speaker.

    `id` is for messages; a component whose answer depends on it needs "id". `waveform` [n] float32 mono at 16 kHz;
    `f0_hz` [frames] float64 on a 5 ms grid, 0 = unvoiced.
    """

    id: str
    language: str | None = None
    waveform: Float32 | None = None
    f0_hz: Float64 | None = None
    alignment: Alignment | None = None
    transcript: str | None = None
    emphasis: Emphasis | None = None
    description: Description | None = None


Answer = TypeVar("Answer")


def each(ask: Callable[[Evidence], Answer], evidence: Sequence[Evidence]) -> list[Answer | Exception]:
    """What `ask` answers to each utterance, or the exception it raised. Raises BackEndError, which concerns all."""
    answers: list[Answer | Exception] = []
    for one in evidence:
        try:
            answers.append(ask(one))
        except BackEndError:
            raise
        except Exception as error:  # of this utterance; the others are asked about
            answers.append(error)
    return answers


class F0Engine(PreparationComponent):
    """How high the voice is; everything that reads F0 (emphasis, `measured`, `logmel`) shares one engine's answer."""

    needs = ("audio",)

    @abstractmethod
    def f0_hz(self, waveform: Float32, sample_rate_hz: int) -> Float64:
        """waveform [samples] mono -> [floor(seconds / 0.005) + 1] Hz, 0 = unvoiced; frame i lies at i * 5 ms."""
        ...


class EmphasisScorer(PreparationComponent):
    """A score for each spoken word; the host turns it into top word and segment by one rule.

    Two abilities serve whole corpora: `weights` of z_pitch, z_energy, z_duration, where the score is their sum, and
    `batch_scores(words: RaggedWords, found: LemfBatch)` -> [words of all utterances].
    """

    needs = ("audio", "f0", "alignment", "transcript")
    options: Any = None
    """Its options, which each result records."""
    target: str | None = None
    """The "package.module:name" that it is registered under, where that is not its class."""
    batch_scores: Callable[..., Float64] | None = None

    @property
    def weights(self) -> tuple[float, float, float] | None:
        return None

    @abstractmethod
    def scores(
        self,
        waveform: Float32,
        sample_rate_hz: int,
        alignment: Alignment,
        transcript: str | None = None,
        *,
        prosody: WordProsody,
    ) -> Float64: ...


class Transcriber(PreparationComponent):
    """Audio -> the words that were said, for utterances whose transcript is not given.

    RefusedError where nothing was said is an answer and is stored; any other exception is tried again in the next run.
    """

    needs = ("audio",)
    wants = "model"
    transcribes: ClassVar[bool] = True
    """False of the one that transcribes nothing."""
    batch: int = 1
    """How many utterances are transcribed together."""
    replace: bool = False
    """Whether it is asked too where a transcript is given, which then counts no more."""

    @abstractmethod
    def transcribe(self, evidence: Evidence) -> Transcript: ...

    def transcribe_batch(self, evidence: Sequence[Evidence]) -> Sequence[Transcript | Exception]:
        """A transcript an utterance, or why there is none, in their order; for a model that takes several at once."""
        return each(self.transcribe, evidence)


class Describer(PreparationComponent):
    """Audio -> the six-field description. `needs` says which evidence it reads.

    A description whose status is not "ok" is an answer and is stored, until `msftk extract --retry-failed` asks for it
    again; an exception is tried again in the next run. A BackEndError ends this one.
    """

    asks_for_labels: ClassVar[bool] = False
    """Whether its option `labels` is filled with the emotion categories of the corpus where it is not set."""
    batch: int = 1
    """How many utterances are described together."""

    @abstractmethod
    def describe(self, evidence: Evidence) -> Description: ...

    def describe_batch(self, evidence: Sequence[Evidence]) -> Sequence[Description | Exception]:
        """A description an utterance, or why there is none, in their order; for a model that takes several at once."""
        return each(self.describe, evidence)


class Aligner(PreparationComponent):
    """Audio and transcript -> when each word, and where it can each phone, was said.

    It answers a transcript with exactly its words (`msftk.speech.transcript.words_of`), in order, with a score each, or
    refuses: RefusedError where the text does not fit the sound or holds what the aligner cannot say. A refusal is an
    answer and is stored; any other exception is tried again in the next run.
    """

    needs: ClassVar[tuple[Need, ...]] = ("audio", "transcript")
    optional: ClassVar[tuple[Need, ...]] = ("language",)
    aligns: ClassVar[bool] = True
    """False of the one that aligns nothing."""
    batch: int = 1
    """How many utterances are aligned together."""

    @abstractmethod
    def align(self, waveform: Float32, sample_rate_hz: int, transcript: str, language: str | None = None) -> Alignment:
        """waveform [samples] float32 mono; `language` as the corpus tells it, None where it does not."""
        ...

    def align_batch(self, evidence: Sequence[Evidence]) -> Sequence[Alignment | Exception]:
        """An alignment an utterance, or why there is none, in their order; for a model that takes several at once."""
        return each(self.align_one, evidence)

    def align_one(self, evidence: Evidence) -> Alignment:
        assert evidence.waveform is not None
        assert evidence.transcript is not None
        return self.align(evidence.waveform, SAMPLE_RATE_HZ, evidence.transcript, evidence.language)


class SemanticSource(PreparationComponent):
    """A granularity of meaning: the `text` of an utterance, or its `vector` [dim] with `dim`.

    `group` is what FM-MoE gives one expert to: "transcript", "extended", or a name of the source's own. None means that
    this utterance does not have it.
    """

    group: ClassVar[str]
    dim: int | None = None

    def text(self, evidence: Evidence) -> str | None:
        """Asked for unless the class defines `vector`; a text encoder turns it into a vector."""
        raise NotImplementedError

    def vector(self, evidence: Evidence) -> Float32 | None:
        """[dim]"""
        raise NotImplementedError

    def span(self, evidence: Evidence) -> tuple[int, int]:
        """Of a source that means a part of its text and defines this: the characters, from and up to.

        The encoder then reads the whole text, and the tokens of that part are pooled.
        """
        raise NotImplementedError

    @property
    def means_a_part(self) -> bool:
        """Whether it defines `span`; the text encoder must give tokens."""
        return type(self).span is not SemanticSource.span

    @property
    def makes_vectors(self) -> bool:
        """Whether it defines `vector`, so that no text encoder is asked."""
        return type(self).vector is not SemanticSource.vector


class TokenVectors(NamedTuple):
    """Of one text: `vectors` [tokens, dim] float32; `spans` [tokens, 2] int32, the characters of each, from and up to.

    A token that stands for no character (the mark of the beginning) has an empty span.
    """

    vectors: Float32
    spans: Int32


class TextEncoder(PreparationComponent):
    """Frozen text encoder: texts -> [n, dim] float32. `identity`: all that changes vectors, beside the options.

    One that gives `tokens` too can say what a part of a sentence means in that sentence.
    """

    dim: int
    needs_torch: ClassVar[bool] = False
    """Whether texts are encoded by torch, which an exported model does without."""

    def write_without_torch(self, folder: Path) -> Mapping[str, object] | None:
        """Writes files into `folder`, and returns the text encoder that gives the same vectors by them, as settings
        name it, without its "folder"; None: there is no such encoder. Asked of one that needs torch."""
        return None

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> Float32: ...

    def tokens(self, texts: Sequence[str]) -> Sequence[TokenVectors]:
        """The vectors of each text's tokens, encoded in the whole text."""
        raise NotImplementedError

    @property
    def gives_tokens(self) -> bool:
        """Whether it defines `tokens`."""
        return type(self).tokens is not TextEncoder.tokens

    def pooled(self, vectors: Float32) -> Float32:
        """Vectors of tokens [n, dim] -> [dim], on the scale of `encode`."""
        mean: Float32 = vectors.mean(0)
        return mean


Item = TypeVar("Item")
Result = TypeVar("Result")


class Engine(Component):
    """Runs `work` over items on this machine or many; yields (item, result or the exception), in any order.

    `workers` is an option too, which the command line's --workers sets.
    """

    workers: int = 1

    @abstractmethod
    def map(
        self, work: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[tuple[Item, Result | Exception]]: ...
