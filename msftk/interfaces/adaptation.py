"""How a pretrained acoustic encoder learns: which of its weights, and what of it is run once and stored."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from msftk.errors import InputError
from msftk.interfaces.component import Component
from msftk.interfaces.network import AcousticEncoder
from msftk.interfaces.preparation import PreparationComponent
from msftk.types import Float32

if TYPE_CHECKING:
    from torch import Tensor, nn

Pool = Callable[["Tensor", "Tensor"], "Tensor"]  # frames [batch, time, dim], valid [batch, time] -> [batch, size]


def check_same_model(now: Any, trained_on: Any) -> None:
    """Raises InputError where the pretrained model, as its `identity()` tells, is not the one of the training."""
    if now != trained_on:
        raise InputError(
            f"the pretrained model of the acoustic encoder is another one ({dict(now)}) than this run was trained on "
            f"({dict(trained_on)}). Put that model back, or train again."
        )


class PretrainedEncoder(AcousticEncoder):
    """An acoustic encoder of pretrained layers, which an adaptation may train in part, or run once and store."""

    @classmethod
    @abstractmethod
    def source(cls, options: Any) -> Mapping[str, str]:
        """What `identity()` says of the model that the options name, without loading it: `model` and `revision`."""

    @classmethod
    @abstractmethod
    def unstorable(cls, options: Any) -> str:
        """Why what its frozen layers say depends on the training part, with the remedy, or ""."""

    def keep_layers(self) -> None:
        """Drops no layer in training, where it would; an adapter on a dropped layer learns nothing in that step."""

    @property
    @abstractmethod
    def blocks(self) -> Sequence[nn.Module]:
        """The layers that its frames come through, the lowest first."""

    @property
    def last_norm(self) -> nn.Module | None:
        """What stands behind the last layer, where its frames come through it."""
        return None

    resumes: bool = False
    """Whether it can go on from a hidden state that was stored: `state` and `above`."""

    def state(self, inputs: Tensor, lengths: Tensor, number: int) -> tuple[Tensor, Tensor]:
        """Hidden state `number` [batch, time, dim], 0 being what the first layer reads, and valid [batch, time]."""
        raise NotImplementedError

    def above(self, hidden: Tensor, lengths: Tensor, number: int) -> tuple[Tensor, Tensor]:
        """Frames and valid as of the whole encoder, from hidden state `number` and its lengths [batch] in frames."""
        raise NotImplementedError

    @abstractmethod
    def pooled(self, inputs: Tensor, lengths: Tensor, pool: Pool) -> Tensor:
        """[batch, state, size]: each hidden state that its frames are made of, pooled."""


class StoredFeatures(PreparationComponent):
    """What frozen layers make of sound, once: stored under `identity()`, and read as the encoder's input."""

    needs = ("audio",)
    wants = "model"
    batch: int = 16
    """How many recordings, of like length, are heard together."""

    @abstractmethod
    def config(self, example: Float32) -> str:
        """What a checkpoint keeps of them, as the trained encoder's `config_json()`; `example` is one of them."""

    @abstractmethod
    def encode(self, waveforms: Sequence[Float32]) -> Sequence[Float32]:
        """An array [n, ...] a recording; waveforms are [samples] at 16 kHz."""


@dataclass(frozen=True)
class EncoderPlan:
    """An acoustic encoder before it is built: its class and options, and what builds it of these."""

    kind: type[AcousticEncoder]
    options: Any
    factory: Callable[..., Any]

    def make(self, config: str | None = None) -> Any:
        """The encoder, an nn.Module: built from its model, or as a checkpoint's `config` tells."""
        return self.factory() if config is None else self.factory(config=config)


class Adaptation(Component):
    """What of a pretrained acoustic encoder learns."""

    needs_pretrained: ClassVar[bool] = True
    """Whether it acts on the layers of a `PretrainedEncoder` alone."""
    stores: ClassVar[bool] = False
    """Whether it may have something `stored`."""

    @abstractmethod
    def encoder(self, plan: EncoderPlan, config: str | None) -> AcousticEncoder:
        """The encoder as the network trains it; `config`: what the `config_json()` of a trained one said, or None."""

    def stored(self, plan: EncoderPlan) -> StoredFeatures | None:
        """What is run once and stored, None where all of it runs in every epoch. No model is loaded."""
        return None
