"""Arrays of one producer, by content key: appended to a shard of this process, told by an index that all share."""

from __future__ import annotations

import os
import threading
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from msftk.store.claims import Claims
from msftk.store.entries import Entries, Entry
from msftk.store.lines import Lines, sync, write_all

FLUSH_ITEMS = 32  # what a power cut can cost
OPEN_SHARDS = 64

Arrays = dict[str, NDArray[Any]]


class Shelf:
    """Arrays of one producer, by content key; threads may share it, processes may write beside it and see each other's.

    What is put is written at once, first the arrays, then their row in the index: a killed process loses nothing. Every
    `flush_items` puts, at `flush()` and at the end of a `with` block it is made sure that all of it lies on the disk.
    What a power cut tore, or what does not fit its checksum, counts as never written.
    """

    def __init__(self, folder: Path, flush_items: int = FLUSH_ITEMS) -> None:
        self.folder = folder
        self.flush_items = flush_items
        self._lock = threading.RLock()
        self._index = Lines(folder / "index.jsonl")
        self._claims = Claims(folder / "claims")
        self._entries = Entries()
        self._open: OrderedDict[str, BinaryIO] = OrderedDict()
        self._shard: _Shard | None = None
        self._unsynced = 0
        self._look()

    def __contains__(self, key: str) -> bool:
        """Whether `get` would give the arrays: they are read and fit their checksum."""
        return self._content(key) is not None

    def __len__(self) -> int:
        return len(self._entries)

    def keys(self) -> list[str]:
        """What the index knows."""
        with self._lock:
            return self._entries.keys()

    @property
    def n_spoiled(self) -> int:
        """Rows of the index that do not fit their checksum."""
        return self._index.n_spoiled

    @property
    def n_dead_bytes(self) -> int:
        """Bytes of shards that no key leads to, such as those of an entry that was put again."""
        return sum(file.stat().st_size for file in self.folder.glob("*.shard")) - self._entries.n_bytes

    def get(self, key: str) -> Arrays | None:
        """The arrays put under `key` by name, by this process or another one; or None."""
        content = self._content(key)
        return None if content is None else load(content)

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Files copies of `arrays`, by any names, under `key`; the last put of a key counts."""
        content = save({name: np.array(array, order="C") for name, array in arrays.items()})
        with self._lock:
            if self._shard is None or self._shard.pid != os.getpid():  # a forked process gets one of its own
                self._shard = _Shard(self.folder)
            entry = Entry(self._shard.path.name, self._shard.append(content), len(content), zlib.crc32(content))
            self._index.append({"key": key, **entry._asdict()})
            self._entries[key] = entry
            self._unsynced += 1
            if self._unsynced >= self.flush_items:
                self.flush()

    def claimed(self, *keys: str) -> AbstractContextManager[None]:
        """A block in which this process alone makes what belongs under `keys`: look again there what was put."""
        return self._claims.hold(*keys)

    def flush(self) -> None:
        """Waits until everything put so far lies on the disk."""
        with self._lock:
            if self._unsynced and self._shard is not None:
                self._shard.sync()
                self._index.sync()
                self._unsynced = 0

    def _content(self, key: str) -> bytes | None:
        with self._lock:
            if key not in self._entries:
                self._look()
            entry = self._entries.get(key)
            if entry is None:
                return None
            try:
                content = os.pread(self._file(entry.shard).fileno(), entry.n_bytes, entry.start)
            except OSError:
                content = b""
            if len(content) == entry.n_bytes and zlib.crc32(content) == entry.crc32:
                return content
            del self._entries[key]
            return None

    def _look(self) -> None:
        """Takes up what has been put since, by whomever."""
        for row in self._index.new_rows():
            key = row.pop("key")
            self._entries[key] = Entry(**row)

    def _file(self, shard: str) -> BinaryIO:
        """The shard, open to read; the last few stay open."""
        if shard not in self._open:
            self._open[shard] = open(self.folder / shard, "rb", buffering=0)  # noqa: SIM115, closed when it is let go
            if len(self._open) > OPEN_SHARDS:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(shard)
        return self._open[shard]

    def __enter__(self) -> Shelf:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()


class _Shard:
    """A file that one process appends to, and no other: it has an unpredictable name."""

    def __init__(self, folder: Path) -> None:
        self.pid = os.getpid()
        self.path = folder / f"{os.urandom(8).hex()}.shard"
        self._file = open(self.path, "xb", buffering=0)  # noqa: SIM115, open as long as the shelf

    def append(self, content: bytes) -> int:
        """The byte that `content` begins at."""
        start = self._file.seek(0, os.SEEK_END)
        try:
            write_all(self._file.fileno(), content, self.path)
        except OSError:  # the disk is full: what it took of this is of no use
            self._file.truncate(start)
            raise
        return start

    def sync(self) -> None:
        sync(self._file.fileno(), self.path)
