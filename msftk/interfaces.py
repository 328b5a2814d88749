"""What each kind of plugin must offer: one contract a kind. Only the model kinds need torch.

A component is a class with a docstring and an `Options` model; the host builds it as `Class(options, **sizes)`.
Dimensions are written [batch, time, dim]; a `valid` mask is bool, True = real data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from msftk.types import Alignment, Description, Emphasis, Float32, Float64, RatingScale, Utterance, WordProsody

if TYPE_CHECKING:
    from torch import Tensor


class Options(BaseModel):
    """Base of every component's options: unknown names are refused, values are checked, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class CorpusReading:
    """What a corpus adapter found: utterances, scale, facts for the manifest (spellings, version), and bad items."""

    name: str
    utterances: Sequence[Utterance]
    scale: RatingScale
    facts: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()


class Corpus(Protocol):
    """A corpus on disk -> utterances. `root` is a folder, or the file that the corpus is described by.

    A corpus that lies in its own package sets `needs_root = False`; it may be absent.
    """

    def read(self, root: Path) -> CorpusReading: ...


class AlignmentReader(Protocol):
    """An alignment file -> `Alignment`. `suffixes`: lower-case endings of the file names that it reads."""

    suffixes: ClassVar[tuple[str, ...]]

    def read(self, path: Path, utterance_id: str | None = None) -> Alignment:
        """Raises InputError (file, place, remedy), AbsentError if a table of many utterances does not hold this one."""
        ...


# ---------------------------------------------------------------- preparation: no gradient, stored once

Want = Literal["cpu-kernel", "model", "network"]  # what work takes: a core, a model in memory, a server's answer
Need = Literal["id", "language", "audio", "f0", "alignment", "transcript", "emphasis", "description"]
# A component of preparation may also define `optional`, needs that it works without, and `identity()`: what changes its
# results beside its options (a model's revision, a file's hash); an option of the same name is replaced by it. Several
# threads call one component.


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


class F0Engine(Protocol):
    """How high the voice is; everything that reads F0 (emphasis, `measured`, `logmel`) shares one engine's answer."""

    def f0_hz(self, waveform: Float32, sample_rate_hz: int) -> Float64:
        """waveform [samples] mono -> [floor(seconds / 0.005) + 1] Hz, 0 = unvoiced; frame i lies at i * 5 ms."""
        ...


class EmphasisScorer(Protocol):
    """A score for each spoken word; the host turns it into top word and segment by one rule.

    Beside `scores` a class may define, for whole corpora, `weights` (of z_pitch, z_energy, z_duration, if the score is
    their sum) or `batch_scores(words: RaggedWords, found: LemfBatch)` -> [words of all utterances].
    """

    def scores(
        self,
        waveform: Float32,
        sample_rate_hz: int,
        alignment: Alignment,
        transcript: str | None = None,
        *,
        prosody: WordProsody,
    ) -> Float64: ...


class Describer(Protocol):
    """Audio -> the six-field description. `needs` says which evidence it reads.

    A description whose status is not "ok" is an answer and is stored; an exception is tried again in the next run.
    A class with `flush_items = 1` has each description written at once (audio-language models).
    """

    needs: ClassVar[tuple[Need, ...]]

    def describe(self, evidence: Evidence) -> Description: ...


class SemanticSource(Protocol):
    """A granularity of meaning: `text` of an utterance, or, where the class defines it, `vector` [dim] and its `dim`.

    `group` is what FM-MoE gives one expert to: "transcript", "extended", or a name of the source's own. None means that
    this utterance does not have it.
    """

    group: ClassVar[str]
    needs: ClassVar[tuple[Need, ...]]

    def text(self, evidence: Evidence) -> str | None: ...


class TextEncoder(Protocol):
    """Frozen text encoder: texts -> [n, dim] float32. `identity`: all that changes vectors, beside the options."""

    dim: int

    def encode(self, texts: Sequence[str]) -> Float32: ...

    def identity(self) -> Mapping[str, str]: ...


Item = TypeVar("Item")
Result = TypeVar("Result")


class Engine(Protocol):
    """Runs `work` over items on this machine or many; yields (item, result or the exception), in any order."""

    def map(
        self, work: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[tuple[Item, Result | Exception]]: ...


# ---------------------------------------------------------------- model: trained


class AcousticEncoder(Protocol):
    """Waveform -> frames. An nn.Module with `dim` (0: it reads no sound); `pretrained_parameters()` learn slowly.

    An encoder whose layers do not follow from its options alone (a pretrained model) also has `config_json() -> str`:
    a checkpoint keeps that text, and the encoder is rebuilt as `Class(options, config=text)` without its source. What
    its `identity()` says (a model's hash, a commit) stands on the protocol card.
    """

    dim: int
    needs_f0: ClassVar[bool]

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Tensor:
        """One utterance's model input [n, ...], computed once, without gradient."""
        ...

    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Fits normalisation on the training utterances; kept in buffers, so the checkpoint holds it."""
        ...

    def __call__(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """inputs [batch, n, ...], lengths [batch] -> frames [batch, time, dim], valid [batch, time]."""
        ...

    def pretrained_parameters(self) -> Iterable[Any]: ...


class Pooling(Protocol):
    """frames [batch, time, dim], valid [batch, time] -> [batch, pooled_dim]."""

    pooled_dim: int

    def __call__(self, frames: Tensor, valid: Tensor) -> Tensor: ...


class Acoustics:
    """What a fusion reads of the sound: frames, and (computed when asked for) their pooled vector.

    `pool` is the network's pooling, for a fusion that changes frames and pools again.
    """

    def __init__(self, frames: Tensor, valid: Tensor, pool: Callable[[Tensor, Tensor], Tensor]) -> None:
        self.frames = frames  # [batch, time, dim]
        self.valid = valid  # [batch, time]
        self.pool = pool

    @cached_property
    def pooled(self) -> Tensor:
        """[batch, pooled_dim]"""
        return self.pool(self.frames, self.valid)


@dataclass(frozen=True)
class SemanticGroup:
    """Merged vector of one group: `vector` [batch, dim], zero where absent; `present` [batch] bool."""

    vector: Tensor
    present: Tensor


class IntraFusion(Protocol):
    """Merges the sources of one group: vectors [batch, n, dim], present [batch, n] -> [batch, dim] (Eqs. 3-4)."""

    def __call__(self, vectors: Tensor, present: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class FusionSizes:
    """Sizes a fusion is built with: frame dim, pooled dim, and each semantic group's dim, by name."""

    frame_dim: int
    pooled_dim: int
    groups: Mapping[str, int]
    n_attributes: int


@dataclass(frozen=True)
class FusionOutput:
    """`experts` [batch, expert, dim]; `routing` [batch or 1, attribute, expert]: one in sum over present experts."""

    experts: Tensor
    routing: Tensor

    @classmethod
    def single(cls, vector: Tensor, n_attributes: int = 3) -> FusionOutput:
        """One expert that every attribute reads: vector [batch, dim]."""
        return cls(vector.unsqueeze(1), vector.new_ones(1, n_attributes, 1))


class Fusion(Protocol):
    """Joins sound and meaning; `out_dim` and `expert_names` say what comes out.

    A fusion that reads one side alone says so: `reads_semantics = False` or `reads_acoustics = False`.
    """

    out_dim: int
    expert_names: tuple[str, ...]

    def __call__(self, acoustics: Acoustics, groups: Mapping[str, SemanticGroup]) -> FusionOutput: ...


class Head(Protocol):
    """experts [batch, expert, dim] -> outputs by name, each [batch, expert, attribute]; "value" predicts (0..1)."""

    def __call__(self, experts: Tensor) -> Mapping[str, Tensor]: ...


class Loss(Protocol):
    """(outputs, targets, features, parameters) -> scalar. `scope` "batch" needs the whole batch at once (CCC).

    outputs: name -> [batch, attribute]; targets [batch, attribute], NaN where unrated. A loss with `reads_features` is
    refused by the two-pass batch scope, which keeps no features.
    """

    scope: ClassVar[Literal["example", "batch"]]
    reads_features: ClassVar[bool]

    def __call__(
        self, outputs: Mapping[str, Tensor], targets: Tensor, features: Mapping[str, Tensor], parameters: Iterable[Any]
    ) -> Tensor: ...
