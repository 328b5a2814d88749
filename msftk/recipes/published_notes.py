"""What a reader must know of published models beside what they predict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol


class PublishedFacts(Protocol):
    """What is known of a published model: the shortest sound that it heard in training is in s."""

    @property
    def name(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def shortest_s(self) -> float: ...


class MayBePublished(Protocol):
    """A model that predicts: `runs.model.Model`, or an exported one's card."""

    @property
    def published(self) -> PublishedFacts | None: ...


def published_among(models: Iterable[MayBePublished]) -> list[PublishedFacts]:
    """The published ones among models, each name once."""
    found = (model.published for model in models)
    return list({one.name: one for one in found if one is not None}.values())


def shorter(models: Iterable[MayBePublished], lengths_s: Sequence[float]) -> dict[str, int]:
    """Published model -> how many recordings are shorter than the shortest that it heard in training."""
    return {one.name: sum(s < one.shortest_s for s in lengths_s) for one in published_among(models)}


def published_notes(models: Iterable[MayBePublished], n_shorter: Mapping[str, int]) -> list[str]:
    """What must be said of the published ones: their licence, and how many recordings are `shorter` than they know."""
    told: list[str] = []
    for found in published_among(models):
        told.append(f"licence of {found.name}: {found.licence}")
        if n := n_shorter.get(found.name):
            told.append(f"{n} shorter than {found.shortest_s:g} s, the shortest that {found.name} heard in training")
    return told
