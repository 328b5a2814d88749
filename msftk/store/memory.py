"""A store that lies in memory and ends with it: for servers, and for sound that is no file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msftk.store.features import Store
from msftk.store.keys import producer_hash
from msftk.store.records import OK, RecordLog
from msftk.store.shelf import FLUSH_ITEMS, Arrays, Shelf

NOWHERE = Path("memory")  # stands where messages name a folder


class MemoryStore(Store):
    """Shelves and records by producer, as `Store` gives them; those who ask for one producer share them."""

    def __init__(self) -> None:
        self.root = NOWHERE
        self._shelves: dict[str, MemoryShelf] = {}
        self._records: dict[str, MemoryRecords] = {}

    def serve(self, *users: str | Path) -> None:
        """It ends with the process: nobody asks whose it was."""

    def clear(self) -> None:
        """Forgets everything that was stored; whoever holds a shelf or records goes on with them, empty."""
        for shelf in self._shelves.values():
            shelf.clear()
        for records in self._records.values():
            records.clear()

    def shelf(self, producer: Mapping[str, object], flush_items: int = FLUSH_ITEMS) -> Shelf:
        return self._shelves.setdefault(producer_hash(producer), MemoryShelf())

    def records(self, producer: Mapping[str, object], flush_items: int = FLUSH_ITEMS) -> RecordLog:
        return self._records.setdefault(producer_hash(producer), MemoryRecords())


class MemoryShelf(Shelf):
    """Arrays by content key; threads may share it."""

    def __init__(self) -> None:
        self.folder = NOWHERE
        self._arrays: dict[str, Arrays] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._arrays

    def __len__(self) -> int:
        return len(self._arrays)

    def keys(self) -> list[str]:
        return list(self._arrays)

    def get(self, key: str) -> Arrays | None:
        arrays = self._arrays.get(key)
        return None if arrays is None else {name: array.copy() for name, array in arrays.items()}

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays[key] = {name: np.array(array, order="C") for name, array in arrays.items()}

    def clear(self) -> None:
        self._arrays.clear()

    def claimed(self, *keys: str) -> AbstractContextManager[None]:
        """No other process sees this shelf."""
        return nullcontext()

    def flush(self) -> None:
        """Nothing waits."""


class MemoryRecords(RecordLog):
    """Rows by content key; threads may share it."""

    def __init__(self) -> None:
        self.path = NOWHERE
        self._rows: dict[str, dict[str, Any]] = {}

    def get(self, key: str) -> dict[str, Any] | None:
        return self._rows.get(key)

    def put(self, key: str, row: Mapping[str, object]) -> None:
        self._rows[key] = {"key": key, **row}

    def forget_failed(self) -> int:
        failed = [key for key, row in self._rows.items() if row.get("status", OK) != OK]
        for key in failed:
            del self._rows[key]
        return len(failed)

    def clear(self) -> None:
        self._rows.clear()

    def claimed(self, *keys: str) -> AbstractContextManager[None]:
        """No other process sees these rows."""
        return nullcontext()

    def flush(self) -> None:
        """Nothing waits."""
