"""Texts and descriptions in the store: an append-only log of JSON rows, by content key."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from msftk.store.lines import append_lines, read_lines


class RecordLog:
    """Rows of one producer, by content key; threads may share it, processes may write beside it.

    `flush_items` rows are gathered before they are written: 1 where each row was dear. The last row of a key counts.
    """

    def __init__(self, path: Path, flush_items: int = 32) -> None:
        self.path = path
        self.flush_items = flush_items
        self._lock = threading.RLock()
        self._waiting: list[dict[str, Any]] = []
        self._rows = {row["key"]: row for row in read_lines(path) if isinstance(row.get("key"), str)}

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: str) -> dict[str, Any] | None:
        """The row put under `key` (with "key" in it), or None."""
        return self._rows.get(key)

    def put(self, key: str, row: Mapping[str, object]) -> None:
        """Files `row`, which JSON must be able to hold, under `key`."""
        with self._lock:
            whole = {"key": key, **row}
            self._rows[key] = whole
            self._waiting.append(whole)
            if len(self._waiting) >= self.flush_items:
                self.flush()

    def flush(self) -> None:
        """Writes what waits, by one append."""
        with self._lock:
            if self._waiting:
                append_lines(self.path, self._waiting)
                self._waiting = []

    def __enter__(self) -> RecordLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()
