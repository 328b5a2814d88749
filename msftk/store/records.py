"""Texts and descriptions in the store, and why there are none: an append-only log of JSON rows, by content key."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from msftk.store.claims import Claims
from msftk.store.lines import Lines

OK = "ok"  # the "status" of a row that holds what was asked for; any other is the reason why there is nothing
FORGOTTEN = "forgotten"  # stands in a row that takes back the one before it


class RecordLog:
    """Rows of one producer, by content key; threads may share it, processes may write beside it and see each other's.

    What cannot be had is a row too, with the reason as its "status": it is found like any other, and not tried again
    until somebody asks for that (`forget_failed`).

    Each row is written at once, so that a killed process loses none; every `flush_items` rows it is made sure that they
    lie on the disk: 1 where each row was dear. The last row of a key counts.
    """

    def __init__(self, path: Path, flush_items: int = 32) -> None:
        self.path = path
        self.flush_items = flush_items
        self._lock = threading.RLock()
        self._lines = Lines(path)
        self._claims = Claims(path.with_name("claims"))
        self._rows: dict[str, dict[str, Any]] = {}
        self._unsynced = 0
        self._pool: ThreadPoolExecutor | None = None
        self._pid = 0
        self._syncing: Future[None] | None = None
        self._look()

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __len__(self) -> int:
        return len(self._rows)

    def keys(self) -> list[str]:
        """What the log knows."""
        return list(self._rows)

    @property
    def n_spoiled(self) -> int:
        """Rows that do not fit their checksum."""
        return self._lines.n_spoiled

    @property
    def n_dead_bytes(self) -> int:
        """Bytes of rows that do not count any more, about."""
        rows = self._lines.n_read
        return self.path.stat().st_size * (rows - len(self._rows)) // rows if rows else 0

    def get(self, key: str) -> dict[str, Any] | None:
        """The row put under `key` (with "key" in it), by this process or another one; or None."""
        if key not in self._rows:
            with self._lock:
                self._look()
        return self._rows.get(key)

    def put(self, key: str, row: Mapping[str, object]) -> None:
        """Files `row`, which JSON must be able to hold, under `key`."""
        with self._lock:
            self._synced()
            whole = {"key": key, **row}
            self._lines.append(whole)
            self._rows[key] = whole
            self._unsynced += 1
            if self._unsynced >= self.flush_items:
                self._sync()

    def forget_failed(self) -> int:
        """Takes back every row whose "status" is not "ok", and tells how many: they can be made anew."""
        with self._lock:
            self._look()
            failed = [key for key, row in self._rows.items() if row.get("status", OK) != OK]
            for key in failed:
                self.put(key, {FORGOTTEN: True})
                del self._rows[key]
        return len(failed)

    def claimed(self, *keys: str) -> AbstractContextManager[None]:
        """A block in which this process alone makes what belongs under `keys`: look again there what was put."""
        return self._claims.hold(*keys)

    def flush(self) -> None:
        """Waits until all rows put so far lie on the disk. Raises OSError where they do not."""
        with self._lock:
            if self._unsynced:
                self._sync()
            self._synced()

    def _sync(self) -> None:
        """Beside what comes next: a disk takes milliseconds to be sure, and a model need not wait for it."""
        self._synced()
        if self._pool is None or self._pid != os.getpid():  # a forked process has none of its parent's threads
            self._pool, self._pid = ThreadPoolExecutor(1, "msftk-sync"), os.getpid()
        self._syncing = self._pool.submit(self._lines.sync)
        self._unsynced = 0

    def _synced(self) -> None:
        """Waits for the last one, so that no more than `flush_items` rows are ever unsure."""
        syncing, self._syncing = self._syncing, None
        if syncing is not None and self._pid == os.getpid():
            syncing.result()

    def _look(self) -> None:
        for row in self._lines.new_rows():
            if FORGOTTEN in row:
                self._rows.pop(row["key"], None)
            else:
                self._rows[row["key"]] = row

    def __enter__(self) -> RecordLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()
