"""Training that starts from a published model: its settings, and what of its weights the network can take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msftk.errors import InputError
from msftk.interfaces import Imported
from msftk.models.network import SerNetwork
from msftk.registry import registry
from msftk.runs.imported import read_published
from msftk.runs.published import Published
from msftk.settings import Component, Settings, check_settings

TAKEN = ("acoustic", "pooling", "head")  # sections of the settings


@dataclass(frozen=True)
class Start:
    """The published model that training starts from."""

    found: Published
    imported: Imported

    def settings(self, settings: Settings) -> Settings:
        """These settings with its encoder, pooling and head laid over the preset's, and what was named over both.

        Raises InputError for another acoustic encoder.
        """
        laid = {}
        for section in TAKEN:
            own, given = self.imported.sections.get(section), settings.component(section)
            named = settings.named(section)
            if own is not None and ("name" not in named or given.name == own["name"]):
                chosen = {option: value for option, value in given.options.items() if option in named}
                laid[section] = Component.model_validate({**own, **chosen})
        training = settings.training.model_copy(update={"init": self.found.name})
        made = settings.model_copy(update={**laid, "training": training})
        own = self.imported.sections["acoustic"]
        for what, found in (("name", made.acoustic.name), ("model", made.acoustic.options.get("model"))):
            if found != own.get(what):
                raise InputError(
                    f"--init {self.found.name} brings acoustic.{what} '{own.get(what)}', and '{found}' was chosen. "
                    f"Leave acoustic.{what} out."
                )
        return check_settings(made.model_dump())

    def acoustic_config(self, settings: Settings) -> str | None:
        """What its encoder is built from; None where an adaptation has it read from where it lies."""
        adaptation = registry().get("adaptation", settings.adaptation.name).load()
        return None if adaptation.needs_pretrained else self.imported.acoustic_config

    def put_into(self, network: SerNetwork) -> dict[str, Any]:
        """Gives the network the encoder's weights, and those of pooling and of the ratings' head where they fit.

        An encoder that was read from where it lies has them. Returns what the card says of it. Raises InputError where
        the encoder's do not fit.
        """
        head = f"heads.{next(iter(network.targets))}"
        wanted = {"acoustic": "acoustic", "pooling": "pooling", head: "heads.vad"}
        taken = []
        for place, theirs in wanted.items():
            part = network.parts.get(place)
            if place == "acoustic" and network.acoustic.identity():
                taken.append(place)
                continue
            own = {
                n.removeprefix(f"{theirs}."): t for n, t in self.imported.tensors.items() if n.startswith(f"{theirs}.")
            }
            if part is not None and own and _shapes(own) == _shapes(part.own_state()):
                part.load_own_state(own)
                taken.append(place)
        if "acoustic" not in taken:
            raise InputError(
                f"--init {self.found.name}: its encoder does not fit the options of acoustic that were set. Leave them "
                "out."
            )
        return {
            "model": self.found.name,
            "layout": self.found.plugin.name,
            "licence": self.found.licence,
            "weights": self.found.identity(),
            "taken": taken,
        }


def start_from(name: str) -> Start:
    """The published model of that name, hub id or folder. Raises as `find_published`."""
    place = Path(name)
    found, imported = read_published(str(place.absolute()) if place.is_dir() else name)
    return Start(found, imported)


def _shapes(tensors: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
