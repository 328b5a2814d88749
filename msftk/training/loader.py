"""Batches of the steps to come, read by threads and on their way to the device when their step begins."""

from __future__ import annotations

from itertools import chain, islice, repeat

import numpy as np
import torch

from msftk.interfaces import Sampler
from msftk.models.rows import Rows, even_parts
from msftk.models.where import Where
from msftk.runs.ahead import Ahead
from msftk.runs.inputs import Examples, Heard
from msftk.settings import Training
from msftk.training.batches import training_batches
from msftk.training.steps import Micro
from msftk.training.transforms import AS_RECORDED, Transforms


class Loader(Ahead[tuple[int, list[Rows]], list[Micro]]):
    """The micro-batches of one optimiser step after another, in the order that `training_batches` tells, over all
    epochs: those of the next are begun while this one ends. `begun` steps were done before. Of several processes each
    has its own, in order. `transforms` change what is heard.

    What cannot be read raises where its step would begin.
    """

    def __init__(
        self,
        train: Examples,
        sampler: Sampler,
        training: Training,
        micro_batch: int,
        where: Where,
        begun: int = 0,
        transforms: Transforms = AS_RECORDED,
    ) -> None:
        self._train, self._device, self._transforms = train, where.device, transforms
        done, place = divmod(begun, -(-sampler.size // training.batch))
        sizes = training.batch, micro_batch, training.seed
        epochs = (
            zip(repeat(epoch), training_batches(sampler, train.lengths, *sizes, epoch), strict=False)
            for epoch in range(done + 1, training.epochs + 1)
        )
        own = ((epoch, own_part(step, where)) for epoch, step in islice(chain.from_iterable(epochs), place, None))
        super().__init__(self._read, own)

    def __next__(self) -> list[Micro]:
        return [_to(self._device, micro) for micro in super().__next__()]

    def _read(self, one: tuple[int, list[Rows]]) -> list[Micro]:
        epoch, step = one
        read = read_step(self._train, step, self._transforms.in_epoch(epoch))
        return [_pinned(micro) for micro in read] if self._device.type == "cuda" else read


def read_step(train: Examples, step: list[Rows], heard: Heard | None = None) -> list[Micro]:
    """The micro-batches of a step with their truths."""
    return [(train.batch(rows, heard), {name: truth[rows] for name, truth in train.truths.items()}) for rows in step]


def own_part(step: list[Rows], where: Where) -> list[Rows]:
    """The micro-batches of a step that this process does: of one process all, else its share of each."""
    if where.world_size == 1:
        return step
    size = max(map(len, step))
    return even_parts(np.concatenate(step)[where.rank :: where.world_size], size)  # short and long ones to each


def _pinned(micro: Micro) -> Micro:
    """In memory that a GPU copies from by itself."""
    batch, truths = micro
    return batch.pinned(), {name: truth.pin_memory() for name, truth in truths.items()}


def _to(device: torch.device, micro: Micro) -> Micro:
    batch, truths = micro
    return batch.to(device), {name: truth.to(device, non_blocking=True) for name, truth in truths.items()}
