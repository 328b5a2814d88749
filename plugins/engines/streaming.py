"""What engines share: items handed out as workers take them, outcomes as they end, and outcomes that can be sent."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

from msftk.errors import MsftkError

Item = TypeVar("Item")

AHEAD = 2  # items handed out a worker: enough that none waits, few enough that an interruption is prompt


def streamed(
    submit: Callable[[Item], Future[Any]], items: Iterable[Item], most: int
) -> Iterator[tuple[Item, Any | Exception]]:
    """Yields (item, result or exception) as they end; `most` items are handed out at a time."""
    left = iter(items)
    running: dict[Future[Any], Item] = {}
    while True:
        for item in islice(left, most - len(running)):
            running[submit(item)] = item
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            item = running.pop(future)
            error = future.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            yield item, error if error is not None else future.result()


class Worker:
    """What works in another process: its work, pickled, is built there when it is first asked."""

    def __init__(self, work: bytes) -> None:
        self._sent = work

    @cached_property
    def _work(self) -> Callable[[Any], Any]:
        work: Callable[[Any], Any] = pickle.loads(self._sent)
        return work

    def do(self, item: Any) -> Any:
        """The result or the exception; an exception that cannot be sent is told in words."""
        try:
            return self._work(item)
        except Exception as error:
            try:
                pickle.loads(pickle.dumps(error))
            except Exception:  # its class takes other arguments than it keeps
                return MsftkError(f"{type(error).__name__}: {error}")
            return error
