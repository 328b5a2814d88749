"""Which keys are being worked on, so that processes that share a store make nothing twice."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

WAIT_S = 0.02  # between two looks at what another process holds


class Claims:
    """Keys that processes hold: a locked byte of one file each, at a place that the key tells; a lock dies with its
    process. Threads of one process do not wait for each other; where the file system knows no locks nobody does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file: int | None = None

    @contextmanager
    def hold(self, *keys: str) -> Iterator[None]:
        """Holds the keys until the end of the block; waits for another process that holds one of them."""
        import fcntl

        file = self._opened()
        with ExitStack() as held:
            for place in sorted({_place(key) for key in keys}):  # in one order, so that no two wait for each other
                while not _is_taken(file, place):
                    time.sleep(WAIT_S)
                held.callback(fcntl.lockf, file, fcntl.LOCK_UN, 1, place)
            yield

    def _opened(self) -> int:
        """Opened once and kept: to close it anywhere in the process would let go of all it holds."""
        with self._lock:
            if self._file is None:
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            return self._file


def _place(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:7])


def _is_taken(file: int, place: int) -> bool:
    import fcntl

    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # no locks here
        return True
    return True
