"""Which columns emphasis has: those of the kernel, by name, for JSON, tables and rules alike."""

from __future__ import annotations

from typing import Any

from msftk.types import Emphasis
from msftk_ext import prosody as kernels

FEATURES: tuple[str, ...] = tuple(name for name in kernels.FEATURES if name != "score")
KEPT_INSIDE = ("log_f0_min",)  # for rules; neither JSON nor a table shows it
NUMBERS: tuple[str, ...] = tuple(name for name in kernels.FEATURES if name not in KEPT_INSIDE)
SHOWN = ("word", "start_s", "end_s", "voiced", *NUMBERS, "emphasised")  # of `msftk emphasis`, in this order


def shown(emphasis: Emphasis) -> dict[str, list[Any]]:
    """The columns of one utterance's words by name, in the order of `SHOWN`; NaN where a number is undefined.

    >>> import numpy as np
    >>> from msftk.prosody.stress import emphasis
    >>> from msftk.speech.alignment import make_alignment, make_tier
    >>> words, phones = make_tier([0.0, 0.5], [0.5, 1.0], ["stop", "now"]), make_tier([], [], [])
    >>> aligned = make_alignment(words, phones, "example")
    >>> columns = shown(emphasis(np.zeros(16_000, np.float32), 16_000, aligned))
    >>> columns["word"], columns["voiced"], columns["emphasised"]
    (['stop', 'now'], [False, False], [False, True])
    """
    prosody = emphasis.prosody
    own: dict[str, list[Any]] = {
        "word": list(prosody.words),
        "score": emphasis.score.tolist(),
        "emphasised": [place == emphasis.top for place in range(len(prosody.words))],
    }
    return {name: own[name] if name in own else getattr(prosody, name).tolist() for name in SHOWN}
