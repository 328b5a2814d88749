"""Who makes what a model reads of a recording: transcripts, alignments, descriptions; chosen anew for one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict, cast

MAKERS = ("transcriber", "aligner", "describer")  # sections of the settings
ANEW = ("alignment", *MAKERS)  # what a call may have otherwise than the run; all else the model was trained with
Chosen = str | Mapping[str, object]
"""A component by name, or its options, with or without its "name"."""


class Anew(TypedDict, total=False):
    """What a call has otherwise than the run, see `Run.predict`."""

    alignment: Mapping[str, object] | None
    transcriber: Chosen | None
    aligner: Chosen | None
    describer: Chosen | None


def layer_of(anew: Anew) -> dict[str, dict[str, object]]:
    """What is chosen anew, by section of the settings."""
    chosen = ((section, cast("Chosen | None", anew.get(section))) for section in ANEW)
    return {section: {"name": one} if isinstance(one, str) else dict(one) for section, one in chosen if one}
