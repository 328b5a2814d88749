"""What a reader must know of published models beside what they predict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from msftk.runs.model import Model
    from msftk.runs.published import Published


def published_among(models: Iterable[Model]) -> list[Published]:
    """The published ones among models, each once."""
    return list(dict.fromkeys(model.published for model in models if model.published is not None))


def shorter(models: Iterable[Model], lengths_s: Sequence[float]) -> dict[str, int]:
    """Published model -> how many recordings are shorter than the shortest that it heard in training."""
    return {one.name: sum(s < one.layout.heard_s[0] for s in lengths_s) for one in published_among(models)}


def published_notes(models: Iterable[Model], n_shorter: Mapping[str, int]) -> list[str]:
    """What must be said of the published ones: their licence, and how many recordings are `shorter` than they know."""
    told: list[str] = []
    for found in published_among(models):
        told.append(f"licence of {found.name}: {found.licence}")
        if n := n_shorter.get(found.name):
            told.append(
                f"{n} shorter than {found.layout.heard_s[0]:g} s, the shortest that {found.name} heard in training"
            )
    return told
