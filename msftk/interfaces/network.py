"""Parts of the trained network: acoustic encoder, pooling, and the fusions."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from msftk.errors import InputError
from msftk.interfaces.component import Component
from msftk.types import Float32, Float64

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor


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
        named_buffers: Any

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
    pools: ClassVar[bool] = False
    """True: it gives one frame, the vector of the utterance, and no pooling is built."""
    reads_stored: ClassVar[bool] = False
    """True: its inputs are what its adaptation stored of the utterances (`Adaptation.stored`)."""
    prepares_with: ClassVar[str] = ""
    """The front end that makes what it reads, with the options of the same names: so an exported model hears without
    torch."""
    shortest_samples: int = 1
    """What an exported model must be given at least, of an encoder without a front end; silence fills it up."""
    longest_s: float = math.inf
    """More than this an exported model is given in windows."""
    column: str = ""
    """The manifest column whose value chooses who hears an utterance; it is called with `values`, one a row."""

    @abstractmethod
    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32 | Tensor:
        """One utterance's model input [n, ...], computed once, without gradient; an array does without torch."""
        ...

    @abstractmethod
    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Fits normalisation on the training utterances; kept in buffers, so the checkpoint holds it. The store keeps
        it too: to the same utterances nothing is fitted twice."""
        ...

    def fit_values(self, values: Iterable[str | None]) -> None:
        """Makes what each value of `column` among the training utterances needs; asked before anything learns.

        Raises InputError where there are none.
        """

    def must_learn(self) -> Iterable[str]:
        """Names of parameters that batches so far should have taught: training stops where one had no gradient."""
        return ()

    taught_within: int = 3
    """Steps after which each of `must_learn` has had its gradient: heads start at zero, and so does one factor of an
    adapter, and each keeps what is before it still for a step. More where a batch passes layers by at random."""

    def write_model(self, folder: Path, value: str | None = None) -> None:
        """Writes the pretrained model with what it learned in its weights, to be named as the model of another run.

        `value`: whose, where it learned by a `column`. Raises InputError where there is none, or nothing was learned.
        """
        raise InputError(
            f"acoustic encoder '{type(self).__name__}' holds no pretrained model that learned. Train one "
            "(--set acoustic.name=hf), with an adaptation other than frozen."
        )

    def in_graph(self, value: str | None = None) -> Any:
        """The encoder as an exported model computes it: adapters in their weights, nothing that only training needs.

        Without a front end it has `from_sound(samples [batch, n], lengths [batch])`, `prepare` of a batch in torch.
        `value`: of its `column`. Raises InputError where it cannot be exported, or for another value.
        """
        if self.prepares_with:
            return self
        raise InputError(
            f"acoustic encoder '{type(self).__name__}' cannot be exported: it has no front end, and does not begin "
            "with samples. Export a run that hears sound, as by encoder logmel or hf."
        )

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

        def __call__(self, inputs: Tensor, lengths: Tensor, *values: Sequence[str | None]) -> tuple[Tensor, Tensor]:
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
