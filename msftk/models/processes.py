"""Several processes that train one model together: what they tell each other, and in which order they work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from msftk.errors import InputError, MsftkError
from msftk.launched import rank, world_size

PATIENCE = timedelta(days=7)  # the first may prepare a corpus while the others wait; a dead one is noticed at once


@contextmanager
def process_group() -> Iterator[None]:
    """Joins the processes that a launcher started, if it did, and parts from them at the end."""
    if world_size() == 1:
        yield
        return
    with _told():
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
    try:
        yield
    finally:
        dist.destroy_process_group()


@contextmanager
def first_alone() -> Iterator[None]:
    """The first process does what is inside before the others do; they find it done."""
    if rank() > 0:
        _wait()
    yield
    if world_size() > 1 and rank() == 0:
        _wait()


def together() -> None:
    """Waits until all processes are here."""
    if world_size() > 1:
        _wait()


def check_same(what: str, value: str) -> None:
    """Raises InputError in every process where one of them has another value."""
    if world_size() == 1:
        return
    values: list[Any] = [None] * world_size()
    with _told():
        dist.all_gather_object(values, value)
    other = [number for number, one in enumerate(values) if one != values[0]]
    if other:
        raise InputError(
            f"process {other[0]} of {world_size()} has other {what} than process 0. Start all of them with the same "
            "command, on the same files."
        )


def counts(n: int, device: torch.device) -> list[int]:
    """How many rows each process has, in the order of ranks; this one has n."""
    if world_size() == 1:
        return [n]
    found = torch.zeros(world_size(), dtype=torch.int64, device=device)
    found[rank()] = n
    return [int(one) for one in _summed(found).tolist()]


def gather(rows: Tensor, sizes: list[int]) -> Tensor:
    """[n, ...] of each process -> [all, ...] in the order of ranks, in every process; `sizes` as `counts` tells."""
    if world_size() == 1:
        return rows
    padded = rows.new_zeros(max(sizes), *rows.shape[1:])
    padded[: len(rows)] = rows
    parts = [torch.empty_like(padded) for _ in sizes]
    with _told():
        dist.all_gather(parts, padded)
    return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])


def total(value: float, device: torch.device) -> float:
    """The sum over the processes."""
    return float(_summed(torch.tensor(value, dtype=torch.float64, device=device))) if world_size() > 1 else value


def add_gradients(parameters: list[torch.nn.Parameter], device: torch.device) -> None:
    """Each gradient becomes its sum over the processes; what had none in any of them has none."""
    if world_size() == 1:
        return
    has = _summed(torch.tensor([own.grad is not None for own in parameters], dtype=torch.int32, device=device))
    used = [own for own, count in zip(parameters, has.tolist(), strict=True) if count]
    for own in used:
        if own.grad is None:  # an adapter of another language
            own.grad = torch.zeros_like(own)
    for dtype in {own.dtype for own in used}:
        gradients = [own.grad for own in used if own.dtype == dtype and own.grad is not None]
        flat = _summed(torch.cat([one.flatten() for one in gradients]))
        for one, part in zip(gradients, flat.split([one.numel() for one in gradients]), strict=True):
            one.copy_(part.view_as(one))


def share_weights(tensors: list[Tensor]) -> None:
    """All get what the first process has."""
    if world_size() > 1:
        with _told(), torch.no_grad():
            for one in tensors:
                dist.broadcast(one, 0)


def _summed(tensor: Tensor) -> Tensor:
    with _told():
        dist.all_reduce(tensor)
    return tensor


def _wait() -> None:
    with _told():
        dist.barrier()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise MsftkError(
            f"process {rank()} of {world_size()}: another one has ended ({str(error).splitlines()[0]}). The same "
            "command goes on from the last saved state, with as many processes as you like."
        ) from error
