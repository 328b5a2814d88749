"""Work that threads do before it is asked for: what the next step reads is there when the step begins."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from types import TracebackType
from typing import Generic, Self, TypeVar

from msftk.cores import cores

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_READERS = 8  # threads that make batches: decoding FLAC, they feed 1,500 utterances a second


class Ahead(Iterator[Result], Generic[Item, Result]):
    """`make(item)` for each item, in their order, a few of them made ahead by threads.

    Use it in a `with` block: at its end, however it ends, nothing is made any more and no thread is left. An error
    comes out as itself, in its item's turn. `waited_s`: how long it was waited for results that were not there yet.
    """

    def __init__(self, make: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None) -> None:
        self.waited_s = 0.0
        self._make, self._items = make, iter(items)
        self._workers = workers or max(1, min(MOST_READERS, cores() - 1))
        self._torch_threads = _threads_of_torch()  # asked before a reader sets the default to one
        self._pool = ThreadPoolExecutor(self._workers, "msftk-ahead", initializer=_set_threads_of_torch, initargs=(1,))
        self._begun: deque[Future[Result]] = deque()

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __next__(self) -> Result:
        self._begin()
        if not self._begun:
            raise StopIteration
        start = time.perf_counter()
        result = self._begun.popleft().result()
        self.waited_s += time.perf_counter() - start
        return result

    def _begin(self) -> None:
        """Hands out as many items as may be made ahead: one more than there are threads."""
        for item in islice(self._items, self._workers + 1 - len(self._begun)):
            self._begun.append(self._pool.submit(self._make, item))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._begun.clear()
        if self._torch_threads:
            _set_threads_of_torch(self._torch_threads)  # else threads that begin later would have one, as those here


def _threads_of_torch() -> int | None:
    """How many threads torch takes in this one, None where nobody has loaded it."""
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch else None


def _set_threads_of_torch(n: int) -> None:
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(n)
