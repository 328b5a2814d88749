"""The local engine: threads of this machine. F0 and the kernels release the GIL, so threads use every core."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from pydantic import Field

from msftk import interfaces

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2  # items handed out a worker: enough that none waits, few enough that an interruption is prompt


class Local:
    """Runs preparation in threads of this process."""

    class Options(interfaces.Options):
        workers: int | None = Field(None, ge=1, description="threads, default one a core")

    def __init__(self, options: Local.Options) -> None:
        self.workers = options.workers or _cores()

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Exception]]:
        """Yields (item, result or exception) as they end. Left early (Ctrl-C), it drops what has not begun."""
        left = iter(items)
        with ThreadPoolExecutor(self.workers, thread_name_prefix="msftk") as pool:
            running: dict[Future[Result], Item] = {}
            try:
                while True:
                    for item in islice(left, self.workers * AHEAD - len(running)):
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


def _cores() -> int:
    """Cores that this process may use; some systems tell only how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
