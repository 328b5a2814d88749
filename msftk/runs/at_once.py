"""How many recordings a network hears at once: as many as memory takes, and on a CPU no more than are worth it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from torch import Tensor, nn

from msftk.cores import cores
from msftk.models.batch import Batch
from msftk.models.free_memory import free_bytes
from msftk.models.rows import Rows, ordered_batches, within_size
from msftk.models.threads import SMALL_PARAMETERS
from msftk.models.where import Where
from msftk.runs.ahead import Ahead
from msftk.runs.inputs import Examples

BATCH = 32  # recordings at most
OF_A_CORE = 8  # recordings at most that one core answers by itself: it is no faster by more
SHARE = 8  # the largest tensor may take one part in so many of what is free: others live beside it
ON_CPU = 128 * 2**20  # bytes of it: the system gives larger ones page by page
Answer = TypeVar("Answer")


def batch_by_batch(
    network: nn.Module,
    examples: Examples,
    answer: Callable[[Batch], Answer],
    batch: int | None,
    *,
    apart: bool,
    where: Where,
) -> Iterator[tuple[Rows, Answer]]:
    """Rows of like length with the answer to them: `batch` rows at a time, or (None) as many as memory takes.

    Of a large network the longest example then goes first, alone: it tells how much memory an input takes. On a CPU,
    where there are enough batches, each is answered by one core, side by side, if they are `apart`; short ones last.
    """
    lengths = examples.lengths
    if batch is not None or len(lengths) < 2 or not _is_large(network):
        yield from _in_turn(examples, list(ordered_batches(lengths, batch or BATCH)), answer)
        return
    longest = np.array([np.argmax(lengths)])
    with _watched(network) as seen:
        yield longest, answer(examples.batch(longest.tolist()))
    left = np.delete(np.arange(len(lengths)), longest)
    workers = cores() if apart and where.device.type == "cpu" and len(left) >= 2 * cores() else 0
    size = _bytes_at_once(workers, where) / max(seen) * int(lengths[longest[0]])
    batches = [left[rows] for rows in within_size(lengths[left], _most(len(left), workers), size)]
    if not workers:
        yield from _in_turn(examples, batches, answer)
        return
    batches.reverse()  # the last to be answered are short: no core is long alone
    with Ahead(lambda rows: answer(examples.batch(rows)), batches, workers) as answers:
        yield from zip(batches, answers, strict=True)


def _most(n: int, workers: int) -> int:
    """Recordings of a batch at most; where each core answers its own, as many batches fall to each."""
    if not workers:
        return BATCH
    rounds = -(-n // (workers * OF_A_CORE))
    return -(-n // (workers * rounds))


def _in_turn(
    examples: Examples, batches: list[Rows], answer: Callable[[Batch], Answer]
) -> Iterator[tuple[Rows, Answer]]:
    """One batch after another, by all cores; what they read is made ahead."""
    if len(batches) == 1:
        yield batches[0], answer(examples.batch(batches[0]))
        return
    with Ahead(examples.batch, batches) as ready:
        yield from ((rows, answer(one)) for rows, one in zip(batches, ready, strict=True))


def _is_large(network: nn.Module) -> bool:
    """Whether a batch is worth more than handing it to a thread."""
    return sum(one.numel() for one in network.parameters()) >= SMALL_PARAMETERS


def _bytes_at_once(workers: int, where: Where) -> float:
    """How much the largest tensor of a batch may take."""
    free = free_bytes(where.device)
    room = np.inf if free is None else free / SHARE / max(workers, 1)
    return float(min(room, ON_CPU) if where.device.type == "cpu" else room)


@contextmanager
def _watched(network: nn.Module) -> Iterator[list[int]]:
    """Bytes of every tensor that a part of the network returns inside the block."""
    seen = [1]

    def look(module: nn.Module, given: Any, made: Any) -> None:
        if isinstance(made, Tensor):
            seen.append(made.nbytes)

    hooks = [module.register_forward_hook(look) for module in network.modules()]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
