"""Which package a run needs that is not installed here: its card tells where each component came from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msftk.assignments import LISTS, SECTIONS
from msftk.files import read_json_object
from msftk.registry import registry


def missing_package(run: Path, card_file: Path, settings: Mapping[str, Any]) -> str | None:
    """A message that names the component and its package; None where all are here, or no card tells.

    `settings`: of the run, as plain values that are not checked yet.
    """
    if not card_file.is_file():
        return None
    packages = read_json_object(card_file, "").get("packages")
    chosen = {section: (kind, settings.get(section)) for section, kind in SECTIONS.items()}
    named = {s: (kind, one["name"]) for s, (kind, one) in chosen.items() if isinstance(one, dict) and "name" in one}
    named |= {source: ("semantic-source", source) for source in settings.get("semantics", ())}
    for listed, kind in LISTS.items():
        names = (one.get("name") if isinstance(one, dict) else one for one in settings.get(listed, ()))
        named |= {f"{listed}.{name}": (kind, name) for name in names}
    for place, (kind, name) in named.items():
        if isinstance(packages, dict) and place in packages and name not in registry().names(kind):
            return (
                f"{run}: was trained with {kind} '{name}' of package {packages[place]}, which is not installed here. "
                "Install that package."
            )
    return None
