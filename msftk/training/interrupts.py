"""Ctrl-C and SIGTERM while a model trains: heard between two steps, never inside one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread

HEARD = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_back() -> Iterator[None]:
    """A signal that comes inside acts at the end, as it would have without this: what is inside is whole or not begun.

    In another thread than the main one, where no signal arrives, nothing is changed.
    """
    if current_thread() is not main_thread():
        yield
        return
    came: list[int] = []
    handlers = {number: signal.signal(number, lambda number, frame: came.append(number)) for number in HEARD}
    try:
        yield
    finally:
        for heard, handler in handlers.items():
            signal.signal(heard, handler)
        for number in came[:1]:
            signal.raise_signal(number)
