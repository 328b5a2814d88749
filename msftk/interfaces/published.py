"""Published models: what a layout reads out of a folder that others wrote, as a network of msftk's own parts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from msftk.interfaces.component import Component
from msftk.types import RatingScale

if TYPE_CHECKING:
    from torch import Tensor

Shapes = Mapping[str, tuple[int, ...]]  # name of a tensor -> its shape


@dataclass(frozen=True)
class Checkpoint:
    """A model by its name: its id on the Hugging Face hub, its licence, and its attributes in the published order."""

    name: str
    id: str
    licence: str
    attributes: tuple[str, ...]


@dataclass(frozen=True)
class Imported:
    """A published model as msftk's parts rebuild it.

    `sections`: of the settings, e.g. {"pooling": {"name": "mean"}}; what is not named is preset tiny's, and no meaning
    is read. `tensors`: by the names of the network (`acoustic.`, `pooling.`, `heads.vad.`). `attributes`: what it
    predicts, in the order of `msftk.types.ATTRIBUTES`, as the head's columns stand. `acoustic_config`: as the encoder's
    `config_json()`.
    """

    sections: Mapping[str, Mapping[str, object]]
    tensors: Mapping[str, Tensor]
    attributes: tuple[str, ...]
    acoustic_config: str | None = None


class ModelLayout(Component):
    """How one family of published models is laid out: config.json and the names of its tensors."""

    checkpoints: ClassVar[tuple[Checkpoint, ...]]
    """Models of it that have a name; the first has the layout's own."""
    scale: ClassVar[RatingScale] = RatingScale(0, 1)
    """The scale of what it says, as published; 0 and 1 are the ends of the scale that it was trained on."""
    corpus: ClassVar[str] = ""
    """The corpus that it was trained on, as msftk's readers call it; its train and dev splits are not held out."""
    heard_s: ClassVar[tuple[float, float]]
    """The shortest and the longest sound that it heard in training, in s; what is longer is heard in windows."""
    pads_exactly: ClassVar[bool] = True
    """Whether its own code says the same of a recording alone and beside a longer one in a batch."""
    remark: ClassVar[str] = ""
    """What a user must know beside that, in a sentence."""

    @abstractmethod
    def recognises(self, config: Mapping[str, Any], shapes: Shapes) -> bool:
        """Whether a folder is of this layout, by its config.json (may be empty) and its tensors. Raises nothing."""

    @abstractmethod
    def read(self, config: Mapping[str, Any], tensors: Mapping[str, Tensor], source: str) -> Imported:
        """The network. `source`: its id or folder, for an option that names it; `tensors` are read when asked for.

        Raises InputError, a sentence about "it", for a model that is of this layout and cannot be read.
        """
