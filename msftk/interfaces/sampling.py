"""Which utterances an epoch of training hears, and in which company."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from msftk.interfaces.component import Component
from msftk.types import Utterance

Rows = NDArray[np.int64]


class Sampler(Component):
    """The optimiser steps of each epoch, built as `Class(options, utterances=those that train)`.

    `size`: utterances an epoch hears, the same in every epoch, for the schedule and a resumed run count steps by it.
    Building raises InputError where it would leave none.
    """

    size: int

    def check(self, utterances: Sequence[Utterance]) -> None:
        """Raises InputError for options that do not fit the corpus (all of it), before anything is begun."""

    @abstractmethod
    def steps(self, lengths: Rows, batch: int, random: np.random.Generator) -> Sequence[Rows]:
        """Rows of every step of one epoch: ceil(size / batch) steps of at most `batch`, of even size.

        `lengths` [utterance] is how much of each is heard. What is random comes from `random`, which is seeded by
        seed and epoch: every process, and a resumed run, then finds the same steps.
        """
