"""Meaning of another utterance in the place of one's own: a control that keeps everything but the right pairing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def exchanged(ids: Sequence[str], seed: int = 0) -> dict[str, str]:
    """Each of `ids` -> another of them: one random ring through all, so that each is read once and none is its own.

    >>> exchanged(["a", "b"])
    {'a': 'b', 'b': 'a'}
    """
    order = np.random.default_rng(seed).permutation(len(ids))
    return {ids[own]: ids[other] for own, other in zip(order, np.roll(order, -1), strict=True)}
