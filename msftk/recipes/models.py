"""Which published models have a name, and what is known of one, without loading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msftk.consent import NOTHING, consenting
from msftk.errors import InputError
from msftk.interfaces import Checkpoint, ModelLayout
from msftk.runs.published import checkpoints, find_published


@dataclass(frozen=True)
class KnownModel:
    """A published model by its name: whose layout, where it lies, what it says, and whether it is here.

    `is_here`: in the Hugging Face cache, or a folder. `licence`: printed, never a decision.
    """

    name: str
    id: str | None
    layout: str
    package: str
    attributes: tuple[str, ...]
    scale: str
    licence: str
    corpus: str
    heard_s: tuple[float, float]
    pads_exactly: bool
    about: str
    is_here: bool

    def json(self) -> dict[str, Any]:
        return {**vars(self), "attributes": list(self.attributes), "heard_s": list(self.heard_s)}


def list_models() -> list[KnownModel]:
    """Every model that a layout names; no network is asked."""
    with consenting(NOTHING):
        return [
            _known(one.name, plugin.name, plugin.package, layout, one, is_here=_is_here(one.name))
            for plugin, layout, one in checkpoints()
        ]


def show_model(name: str) -> tuple[KnownModel, Mapping[str, Any]]:
    """The model of that name, hub id or folder, and its config.json where it is here.

    Raises UnknownNameError for no such name, InputError for a folder that no layout reads.
    """
    for known in list_models():
        if name in (known.name, known.id) and not known.is_here:
            return known, {}
    with consenting(NOTHING):
        found = find_published(name)
    layout = type(found.layout)
    known = _known(name, found.plugin.name, found.plugin.package, layout, found.checkpoint, is_here=True)
    return known, found.config


def _known(
    name: str, plugin: str, package: str, layout: type[ModelLayout], checkpoint: Checkpoint | None, *, is_here: bool
) -> KnownModel:
    first = layout.checkpoints[0]
    about = " ".join([*(layout.__doc__ or "").split(), *layout.remark.split()])
    return KnownModel(
        name=name,
        id=checkpoint.id if checkpoint else None,
        layout=plugin,
        package=package,
        attributes=(checkpoint or first).attributes,
        scale=str(layout.scale),
        licence=(checkpoint or first).licence,
        corpus=layout.corpus,
        heard_s=layout.heard_s,
        pads_exactly=layout.pads_exactly,
        about=about,
        is_here=is_here,
    )


def _is_here(name: str) -> bool:
    try:
        find_published(name)
    except InputError:
        return False
    return True
