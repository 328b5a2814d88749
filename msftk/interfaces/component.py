"""Base of all kinds of plugin: a class with a docstring and options."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer


def _absolute(place: str) -> str:
    try:
        return str(Path(place).absolute()) if Path(place).exists() else place
    except (OSError, ValueError):  # too long for a path, or a NUL in it
        return place


Place = Annotated[str, AfterValidator(_absolute)]
"""Of an option: a file or folder, or the id of a model elsewhere. What is there is recorded by its absolute path, so
that a run can be used from any folder."""


class Choice(BaseModel):
    """A component by name, with its own options beside it."""

    model_config = ConfigDict(extra="allow", frozen=True, ser_json_inf_nan="constants")
    name: str

    @property
    def options(self) -> dict[str, object]:
        return dict(self.model_extra or {})


Chosen = Annotated[
    Choice,
    BeforeValidator(lambda one: {"name": one} if isinstance(one, str) else one),
    PlainSerializer(lambda one: {"name": one.name, **one.options} if one.options else one.name),
]
"""Of an option: a component, given and written as its name, or as a table of name and options where it has any."""


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

    no_results: ClassVar[tuple[str, ...]] = ()
    """Options that change no result: how fast, how many at once, where a server is."""

    @classmethod
    def shown(cls) -> Mapping[str, str]:
        """What `msftk plugins show` prints beside the options, by heading: the prompt of an audio-language model."""
        return {}

    def identity(self) -> Mapping[str, str]:
        """What changes results beside the options (a model's revision, a file's hash).

        It replaces an option of the same name in what results are stored under.
        """
        return {}
