"""What each kind of plugin must offer and what it may: one base class a kind, with a default for each ability.

Dimensions are written [batch, time, dim]; a `valid` mask is bool, True = real data. Trained parts are nn.Modules too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from msftk.types import Alignment, Description, Emphasis, Float32, Float64, RatingScale, Utterance, WordProsody

if TYPE_CHECKING:
    from torch import Tensor


class Options(BaseModel):
    """Base of every component's options: unknown names are refused, values are checked, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)  # a name may be a number: "2024"


class Component(ABC):
    """Base of all kinds: a class with a docstring and an `Options` model, built as `Class(options, **sizes)`.

    A class that inherits from none of these bases is given the defaults of its kind when it is loaded.
    """

    Options: ClassVar[type[BaseModel]]
    results_version: ClassVar[int] = 1
    """Raised when the same input gives other results than before: what is stored is then made anew."""

    def identity(self) -> Mapping[str, str]:
        """What changes results beside the options (a model's revision, a file's hash).

        It replaces an option of the same name in what results are stored under.
        """
        return {}


# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class CorpusReading:
    """What a corpus adapter found: utterances, scale, facts for the manifest (spellings, version), and bad items.

    facts["missing"]: parts that the corpus should have and that were not found; `doctor` repeats them.
    """

    name: str
    utterances: Sequence[Utterance]
    scale: RatingScale
    facts: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()


class Corpus(Component):
    """A corpus on disk -> utterances. `root` is a folder, or the file that the corpus is described by."""

    needs_root: ClassVar[bool] = True
    """False: the corpus lies in its own package."""

    @abstractmethod
    def read(self, root: Path) -> CorpusReading: ...


class AlignmentReader(Component):
    """An alignment file -> `Alignment`. `suffixes`: lower-case endings of the file names that it reads."""

    suffixes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def read(self, path: Path, utterance_id: str | None = None) -> Alignment:
        """Raises InputError (file, place, remedy), AbsentError if a table of many utterances does not hold this one."""
        ...


# ---------------------------------------------------------------- preparation: no gradient, stored once

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


class Describer(PreparationComponent):
    """Audio -> the six-field description. `needs` says which evidence it reads.

    A description whose status is not "ok" is an answer and is stored; an exception is tried again in the next run.
    """

    batch: int = 1
    """How many utterances are described together."""

    @abstractmethod
    def describe(self, evidence: Evidence) -> Description: ...

    def describe_batch(self, evidence: Sequence[Evidence]) -> Sequence[Description | Exception]:
        """A description an utterance, or why there is none, in their order; for a model that takes several at once."""
        answers: list[Description | Exception] = []
        for one in evidence:
            try:
                answers.append(self.describe(one))
            except Exception as error:  # of this utterance; the others are described
                answers.append(error)
        return answers


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

    @property
    def makes_vectors(self) -> bool:
        """Whether it defines `vector`, so that no text encoder is asked."""
        return type(self).vector is not SemanticSource.vector


class TextEncoder(PreparationComponent):
    """Frozen text encoder: texts -> [n, dim] float32. `identity`: all that changes vectors, beside the options."""

    dim: int

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> Float32: ...


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


# ---------------------------------------------------------------- model: trained


Rate = Literal["scratch", "pretrained"]  # settings.training.learning_rate and .learning_rate_pretrained


@dataclass(frozen=True)
class ParameterGroup:
    """Trainable parameters that learn alike: at which rate, and whether weight decay draws them to zero."""

    name: str
    parameters: Sequence[Any]
    rate: Rate = "scratch"
    decay: bool = True


class TrainedPart(Component):
    """Base of the kinds that are trained, nn.Modules all: how its parameters learn, and what a run keeps of it."""

    if TYPE_CHECKING:
        state_dict: Any  # nn.Module's
        load_state_dict: Any

    def parameter_groups(self) -> Iterable[ParameterGroup]:
        """Groups without a parameter in common. One that is in none learns from scratch."""
        return ()

    def own_state(self) -> Mapping[str, Tensor]:
        """What a checkpoint keeps. An adapter of a frozen model, which is read again from its source, leaves that out:
        then the run needs the source, and `identity()` should say which it was."""
        state: Mapping[str, Tensor] = self.state_dict()
        return state

    def load_own_state(self, state: Mapping[str, Tensor]) -> None:
        """Puts back what `own_state` gave. Raises RuntimeError where it does not fit."""
        self.load_state_dict(dict(state))


class AcousticEncoder(TrainedPart):
    """Waveform -> frames of size `dim`. An nn.Module; what its `identity()` says stands on the protocol card."""

    dim: int
    needs_f0: ClassVar[bool] = False
    reads_sound: ClassVar[bool] = True
    """False: no audio is read and `dim` is 0, for corpora of text."""

    @abstractmethod
    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32 | Tensor:
        """One utterance's model input [n, ...], computed once, without gradient; an array does without torch."""
        ...

    @abstractmethod
    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Fits normalisation on the training utterances; kept in buffers, so the checkpoint holds it."""
        ...

    def pretrained_parameters(self) -> Iterable[Any]:
        """Parameters that learn slowly."""
        return ()

    def parameter_groups(self) -> Iterable[ParameterGroup]:
        """Those of `pretrained_parameters` at the rate of pretrained parts."""
        return [ParameterGroup("pretrained", list(self.pretrained_parameters()), "pretrained")]

    def config_json(self) -> str | None:
        """The layers of an encoder that its options alone do not tell (a pretrained model's), as text.

        A checkpoint keeps it, and rebuilds the encoder as `Class(options, config=text)` without its source.
        """
        return None

    if TYPE_CHECKING:

        def __call__(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
            """inputs [batch, n, ...], lengths [batch] -> frames [batch, time, dim], valid [batch, time]."""
            ...


class Pooling(TrainedPart):
    """frames [batch, time, dim], valid [batch, time] -> [batch, pooled_dim]. An nn.Module, built with `dim`."""

    pooled_dim: int

    if TYPE_CHECKING:

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


class IntraFusion(TrainedPart):
    """Merges the sources of one group: vectors [batch, n, dim], present [batch, n] -> [batch, dim] (Eqs. 3-4).

    An nn.Module, built with `dim` and `sources`, their names.
    """

    if TYPE_CHECKING:

        def __call__(self, vectors: Tensor, present: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class FusionSizes:
    """Sizes a fusion is built with: frame dim, pooled dim, and each semantic group's dim, by name."""

    frame_dim: int
    pooled_dim: int
    groups: Mapping[str, int]
    n_attributes: int  # rows of routing: one an attribute, and one for each other target


@dataclass(frozen=True)
class FusionOutput:
    """`experts` [batch, expert, dim]; `routing` [batch or 1, attribute, expert]: one in sum over present experts."""

    experts: Tensor
    routing: Tensor

    @classmethod
    def single(cls, vector: Tensor, n_attributes: int = 3) -> FusionOutput:
        """One expert that every attribute reads: vector [batch, dim]."""
        return cls(vector.unsqueeze(1), vector.new_ones(1, n_attributes, 1))


class Fusion(TrainedPart):
    """Joins sound and meaning; `out_dim` and `expert_names` say what comes out. An nn.Module, built with `sizes`.

    A fusion that reads one side alone says so. On a corpus of text without sound the default fusion gives way to the
    first that reads no sound.
    """

    reads_acoustics: ClassVar[bool] = True
    reads_semantics: ClassVar[bool] = True
    out_dim: int
    expert_names: tuple[str, ...]

    if TYPE_CHECKING:

        def __call__(self, acoustics: Acoustics, groups: Mapping[str, SemanticGroup]) -> FusionOutput: ...


Answers = Literal["regression", "classes", "distribution", "rater-level"]


class Target(Component):
    """One thing that a model predicts: its columns, what they are read from, and how training learns them.

    `answer`: "regression" (columns on the corpus' rating scale), "classes" (a column a class, one 1 in a row),
    "distribution" (columns that add up to 1), "rater-level" (a column a rater). `head` and `loss` are registered names;
    "" takes the run's. `weight`: of its loss in the sum of all. The first target of a run is a regression.
    """

    answer: ClassVar[Answers] = "regression"
    head: ClassVar[str] = ""
    loss: ClassVar[str] = ""
    weight: ClassVar[float] = 1.0

    @abstractmethod
    def columns(self, utterances: Sequence[Utterance]) -> tuple[str, ...]:
        """Names of the columns; classes are those of the training utterances."""

    @abstractmethod
    def read(self, utterance: Utterance, columns: Sequence[str]) -> Sequence[float]:
        """A number a column, NaN where the utterance has none; a regression on the corpus' scale."""

    def predicted(self, outputs: Mapping[str, Float64], columns: Sequence[str]) -> Mapping[str, Sequence[object]]:
        """Columns of a table of predictions, name -> an entry an utterance, from the head's outputs [n, column]."""
        return {column: outputs["value"][:, place].tolist() for place, column in enumerate(columns)}

    def scores(self, outputs: Mapping[str, Float64], truth: Float64, columns: Sequence[str]) -> Mapping[str, float]:
        """Scores of a split by name, NaN where undefined; outputs and truth are [n, column]."""
        return {}


@dataclass(frozen=True)
class HeadOutput:
    """What an output of a head is.

    `scale`, on which it comes back: "rating" (the corpus' scale), "deviation" (a spread or difference on it: stretched,
    not shifted), "none" (as it is). `mixed` over experts: "linear" (Eq. 7), or by the "head" itself (`Head.mix`).
    """

    scale: Literal["rating", "deviation", "none"] = "none"
    mixed: Literal["linear", "head"] = "linear"


class Head(TrainedPart):
    """An nn.Module that answers one target, built as `Class(options, dim=..., attributes=the target's columns)`.

    Outputs go by name; "value" predicts a regression, on the unit scale. `outputs` says what each is; one that it does
    not name is mixed linearly and comes back as it is. `reads`: "experts" [batch, expert, dim] -> each [batch, expert,
    column]; "mixed", the vector mixed by the routing, [batch, column or 1, dim] -> each [batch, column].
    """

    outputs: ClassVar[Mapping[str, HeadOutput]] = {"value": HeadOutput("rating")}
    reads: ClassVar[Literal["experts", "mixed"]] = "experts"

    def mix(self, experts: Mapping[str, Tensor], routing: Tensor) -> Mapping[str, Tensor]:
        """Outputs [batch, column] that the head mixes itself; routing is [batch or 1, column, expert]."""
        raise NotImplementedError


class Loss(Component):
    """(outputs, targets, features, parameters) -> scalar. `scope` "batch" needs the whole batch at once (CCC).

    Of one target: outputs name -> [batch, column]; targets [batch, column], NaN where unrated. A loss with
    `reads_features` is refused by the two-pass batch scope, which keeps no features.
    """

    scope: ClassVar[Literal["example", "batch"]]
    reads_features: ClassVar[bool] = False

    @abstractmethod
    def __call__(
        self, outputs: Mapping[str, Tensor], targets: Tensor, features: Mapping[str, Tensor], parameters: Iterable[Any]
    ) -> Tensor: ...
