"""Descriptions: the describer that is asked for them, and the log that they lie in."""

from __future__ import annotations

from dataclasses import asdict

from msftk.preparation.parts import Part
from msftk.preparation.together import Maker
from msftk.store.features import Store
from msftk.types import Description


def description_maker(part: Part, store: Store) -> Maker[Description]:
    """A describer with its log in the store."""
    log = store.records(part.producer, part.component.flush_items)
    return Maker("describer", "description", part, log, "describe", "describe_batch", asdict)
