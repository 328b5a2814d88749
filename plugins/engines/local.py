"""The local engine: threads of this machine, and processes that each hold a model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, islice
from typing import TypeVar

from pydantic import Field

from msftk import interfaces
from msftk.cores import cores
from msftk_plugins.engines.processes import by_processes
from msftk_plugins.engines.streaming import AHEAD, streamed

Item = TypeVar("Item")
Result = TypeVar("Result")


class Local(interfaces.Engine):
    """Runs preparation in threads of this process: F0 and the kernels release the GIL, so threads use every core.

    A model works alone, so that it is held in memory once, and on one item at a time, whichever thread asks; with
    `models` > 1 in so many processes of its own, one model each, which share the machine's cores and, one after the
    other, take its GPUs.
    """

    class Options(interfaces.Options):
        workers: int | None = Field(None, ge=1, description="threads, default one a core")
        requests: int = Field(16, ge=1, description="what waits for a server at a time")
        models: int = Field(1, ge=1, description="processes that each hold a model; 1: this process holds it")

    def __init__(self, options: Local.Options) -> None:
        self.workers = options.workers or cores()
        self._model = threading.Lock()
        self.widths = {"cpu-kernel": self.workers, "model": options.models, "network": options.requests}

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Exception]]:
        """Yields (item, result or exception) as they end. Left early (Ctrl-C), it drops what has not begun."""
        wants = getattr(work, "wants", "cpu-kernel")
        width = self.widths[wants]
        if wants == "model":
            return _alone(work, items, self._model) if width == 1 else by_processes(work, items, width)
        return _alone(work, items, nullcontext()) if width == 1 else _by_threads(work, items, width)


def _alone(
    work: Callable[[Item], Result], items: Iterable[Item], turn: AbstractContextManager[object]
) -> Iterator[tuple[Item, Result | Exception]]:
    """In the caller's thread, an item a `turn`: a thread of our own would cost torch its threads at every call."""
    for item in items:
        try:
            with turn:
                result: Result | Exception = work(item)
        except Exception as error:
            result = error
        yield item, result


def _by_threads(
    work: Callable[[Item], Result], items: Iterable[Item], width: int
) -> Iterator[tuple[Item, Result | Exception]]:
    left = iter(items)
    first = list(islice(left, 2))
    if len(first) < 2:  # a pool costs more than it saves
        yield from _alone(work, first, nullcontext())
        return
    with ThreadPoolExecutor(width, thread_name_prefix="msftk") as pool:
        try:
            yield from streamed(lambda item: pool.submit(work, item), chain(first, left), width * AHEAD)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
