"""Which utterances meet in an optimiser step: everyone once an epoch, lengths alike in one batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from msftk.models.rows import Rows, even_parts

LENGTH_JITTER = 0.25  # log-length noise: batches mix from epoch to epoch, yet hold little padding


def training_batches(
    lengths: NDArray[np.int64], batch: int, micro_batch: int, seed: int, epoch: int
) -> list[list[Rows]]:
    """Rows of every optimiser step of an epoch, each step a list of micro-batches; the same for the same (seed, epoch).

    Steps differ by at most one utterance in size (a CCC over a small remainder would be noise) and none is larger than
    `batch`. Utterances of like length meet, after noise on the length.
    """
    random = np.random.default_rng([seed, epoch])
    key = np.log(lengths) + random.uniform(-LENGTH_JITTER, LENGTH_JITTER, len(lengths))
    steps = even_parts(np.argsort(key, kind="stable"), batch)
    random.shuffle(steps)
    return [even_parts(step, micro_batch) for step in steps]
