"""Processes of this machine that each hold a model: they end with the one that began them."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

from msftk.cores import cores
from msftk.errors import MsftkError
from msftk_plugins.engines.streaming import AHEAD, Worker, streamed

Item = TypeVar("Item")
Result = TypeVar("Result")


def by_processes(
    work: Callable[[Item], Result], items: Iterable[Item], width: int
) -> Iterator[tuple[Item, Result | Exception]]:
    """Yields (item, result or exception) as they end; processes begin with the first items.

    Raises MsftkError where a process dies (the system ends one that takes too much memory).
    """
    context = get_context("spawn")  # a fork of a process with threads, or with CUDA, may hang
    given = (context.Value("i", 0), width, pickle.dumps(work))
    with ProcessPoolExecutor(width, context, _begin, given) as pool:
        try:
            for item, found in streamed(lambda item: pool.submit(_do, item), items, width * AHEAD):
                if isinstance(found, BrokenProcessPool):
                    raise found
                yield item, found
        except BrokenProcessPool as error:
            raise MsftkError(
                f"one of {width} processes that hold a model died (out of memory?). Finished work is kept: set "
                "engine.models lower, and give the same command again."
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_worker: Worker  # of this process


def _begin(begun: Any, width: int, work: bytes) -> None:
    """The first thing that a process does: its share of cores and GPUs, and no life after its parent's."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of them: the parent says what becomes of it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with begun.get_lock():
        number, begun.value = begun.value, begun.value + 1
    import torch

    torch.set_num_threads(max(1, cores() // width))
    if torch.cuda.is_available():
        torch.cuda.set_device(number % torch.cuda.device_count())
    _worker = Worker(work)


def _do(item: Any) -> Any:
    return _worker.do(item)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
