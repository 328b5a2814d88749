"""The optimiser steps of an epoch: who meets in each as the sampler says, cut into micro-batches."""

from __future__ import annotations

import numpy as np

from msftk.interfaces import Sampler
from msftk.models.rows import Rows, even_parts


def training_batches(
    sampler: Sampler, lengths: Rows, batch: int, micro_batch: int, seed: int, epoch: int
) -> list[list[Rows]]:
    """Rows of every optimiser step of an epoch, each step a list of micro-batches; the same for the same (seed, epoch).

    lengths: [utterance] of each input.
    """
    steps = sampler.steps(lengths, batch, np.random.default_rng([seed, epoch]))
    return [even_parts(step, micro_batch) for step in steps]
