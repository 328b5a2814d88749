"""What stands beside an exported model: how it is fed, and what comes out, so that it is run without torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from msftk.errors import InputError, VersionError
from msftk.files import read_json_object, sha256_file
from msftk.settings import Component
from msftk.types import ATTRIBUTES, SAMPLE_RATE_HZ

FORMAT_VERSION = 1
SUFFIX = ".onnx"
LENGTHS = "lengths"
ANEW = "Export it again: msftk export RUN --onnx FILE."


class Part(BaseModel):
    """Base of what a card holds: nothing changes later."""

    model_config = ConfigDict(frozen=True)


class Sound(Part):
    """The input of sound: mono float32 at 16 kHz [batch, samples], or what `front_end` makes of it [batch, n, ...].

    Beside it `lengths` [batch] int64 are how much of each row is its own; what follows may be anything. Samples are
    given as they are recorded: where the encoder wants them normalised, the graph does it.
    """

    input: str
    sample_rate_hz: int = Field(ge=SAMPLE_RATE_HZ, le=SAMPLE_RATE_HZ)
    seconds_kept: float = Field(gt=0, allow_inf_nan=False)
    shortest_samples: int = Field(ge=1)
    front_end: Component | None


class Semantics(Part):
    """A semantic source: its vector's input [batch, dim] float32, and the input that says where there is one
    [batch] bool. Absent, the vector is not read."""

    source: str
    group: str
    dim: int
    vector: str
    present: str


class Output(Part):
    """[batch, column] float32: what the head says of a target. `on` "rating": on the corpus' scale; "deviation": in its
    units. `options`: of the target."""

    name: str
    target: str
    output: str
    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    on: Literal["rating", "deviation", "none"]
    options: dict[str, Any] = {}


class PublishedOrigin(Part):
    """The published model that was exported: its name (of a folder that has none here, the folder's), its id on the
    hub, its licence, the shortest sound that it heard in training, in s, and its weights by the hash of their files."""

    name: str
    id: str | None
    licence: str
    shortest_s: float
    weights: dict[str, str]


class ModelCard(Part):
    """The whole card; `settings` are those of the run that prepare sound and texts.

    `weights_sha256`: of the weights' file beside the model, where they are too many for one file. `published`: of a
    model that is no run. `text_folder`: where the text encoder lies, beside the model; None: nothing of it is written.
    """

    format_version: int
    msftk: str
    opset: int
    sha256: str
    weights_sha256: str | None = None
    published: PublishedOrigin | None = None
    corpus: str
    ratings: str
    scale: tuple[float, float]
    sound: Sound
    semantics: tuple[Semantics, ...]
    outputs: Annotated[tuple[Output, ...], Field(min_length=1)]
    text_folder: str | None
    settings: dict[str, Any]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        """Raises ValueError where its parts do not."""
        low, high = self.scale
        if not low < high or not math.isfinite(high - low):
            raise ValueError(f"scale is {low:g}..{high:g}")
        values = [one for one in self.outputs if one.target == self.outputs[0].target and one.output == "value"]
        if len(values) != 1 or not set(values[0].columns) <= set(ATTRIBUTES):
            raise ValueError("no output has the values of attributes")
        if twice := next((one.name for one in self.outputs if len(set(one.columns)) < len(one.columns)), None):
            raise ValueError(f"output {twice} names a column twice")
        if {one.source for one in self.semantics} != set(self.settings.get("semantics") or ()):
            raise ValueError("settings name other semantic sources than its inputs")
        if "name" not in (self.settings.get("text") or ()):
            raise ValueError("settings name no text encoder")
        return self

    def check_graph(self, inputs: Mapping[str, Sequence[object]], outputs: Mapping[str, Sequence[object]]) -> None:
        """Raises InputError where a graph with such shapes by name is not what this card tells of."""
        vectors = {one.vector: one.dim for one in self.semantics}
        fed = {self.sound.input, LENGTHS, *vectors, *(one.present for one in self.semantics)}
        if odd := sorted(fed ^ inputs.keys()):
            raise InputError(f"input {odd[0]} is not in both, the graph and its card. {ANEW}")
        widths = [*((inputs[name], name, dim) for name, dim in vectors.items())]
        for one in self.outputs:
            if one.name not in outputs:
                raise InputError(f"output {one.name} of its card is none of the graph. {ANEW}")
            widths.append((outputs[one.name], one.name, len(one.columns)))
        for shape, name, expected in widths:
            if isinstance(shape[-1], int) and shape[-1] != expected:
                raise InputError(f"{name} is {shape[-1]} wide, {expected} in its card. {ANEW}")

    def settings_beside(self, model: Path) -> dict[str, Any]:
        """`settings`, with the folder of the text encoder where it lies beside `model`."""
        if self.text_folder is None:
            return self.settings
        folder = str(model.parent / self.text_folder)
        return {**self.settings, "text": {**self.settings["text"], "folder": folder}}


def card_file(model: Path) -> Path:
    """model.onnx -> model.json"""
    return model.with_suffix(".json")


def text_folder(model: Path) -> Path:
    """model.onnx -> model.text"""
    return model.with_suffix(".text")


def weights_file(model: Path) -> Path:
    """model.onnx -> model.onnx.data, as ONNX names it"""
    return model.with_name(f"{model.name}.data")


def read_card(model: Path) -> ModelCard:
    """The card of an exported model.

    Raises:
        InputError: no such file, no card beside it, one that is not msftk's, or the card of another file.
        VersionError: a card of another format version.
    """
    if not model.is_file():
        raise InputError(f"{model}: no such file. {ANEW}")
    file = card_file(model)
    if not file.is_file():
        raise InputError(f"{model}: its card {file.name} is not beside it, which tells how it is fed. {ANEW}")
    told = read_json_object(file, ANEW)
    version = told.get("format_version")
    if type(version) is not int or version != FORMAT_VERSION:
        raise VersionError(
            f"{file}: the card of an exported model of format version {version!r}, expected {FORMAT_VERSION}. {ANEW}"
        )
    try:
        card = ModelCard.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "what it tells"
        raise InputError(f"{file}: not the card of an exported model ({place}: {first['msg']}). {ANEW}") from error
    if sha256_file(model) != card.sha256:
        raise InputError(f"{file}: is the card of another file than {model.name} (the sha256 differs). {ANEW}")
    _check_weights(weights_file(model), card.weights_sha256)
    return card


def _check_weights(file: Path, sha256: str | None) -> None:
    """Raises InputError where the weights that stand in a file of their own are not there, or others."""
    if sha256 is None:
        return
    if not file.is_file():
        raise InputError(f"{file}: is not there, and holds the weights of {file.stem}. Put it back. {ANEW}")
    if sha256_file(file) != sha256:
        raise InputError(f"{file}: holds the weights of another model (the sha256 differs). {ANEW}")
