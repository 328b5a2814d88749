"""The local engine: threads of this machine. F0 and the kernels release the GIL, so threads use every core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from pydantic import Field

from msftk import interfaces
from msftk.cores import cores

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2  # items handed out a worker: enough that none waits, few enough that an interruption is prompt


class Local(interfaces.Engine):
    """Runs preparation in threads of this process; a model works alone, so that it is held in memory once."""

    class Options(interfaces.Options):
        workers: int | None = Field(None, ge=1, description="threads, default one a core")
        requests: int = Field(16, ge=1, description="what waits for a server at a time")

    def __init__(self, options: Local.Options) -> None:
        self.workers = options.workers or cores()
        self.widths = {"cpu-kernel": self.workers, "model": 1, "network": options.requests}

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Exception]]:
        """Yields (item, result or exception) as they end. Left early (Ctrl-C), it drops what has not begun."""
        width = self.widths[getattr(work, "wants", "cpu-kernel")]
        return _alone(work, items) if width == 1 else _together(work, items, width)


def _alone(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Exception]]:
    """In the caller's thread: one of our own would cost torch its threads at every call."""
    for item in items:
        try:
            result: Result | Exception = work(item)
        except Exception as error:
            result = error
        yield item, result


def _together(
    work: Callable[[Item], Result], items: Iterable[Item], width: int
) -> Iterator[tuple[Item, Result | Exception]]:
    left = iter(items)
    with ThreadPoolExecutor(width, thread_name_prefix="msftk") as pool:
        running: dict[Future[Result], Item] = {}
        try:
            while True:
                for item in islice(left, width * AHEAD - len(running)):
                    running[pool.submit(work, item)] = item
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    item = running.pop(future)
                    error = future.exception()
                    if error is not None and not isinstance(error, Exception):
                        raise error
                    yield item, error if error is not None else future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
