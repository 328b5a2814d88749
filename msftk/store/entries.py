"""Where the arrays of many keys lie in the shards of a shelf, in columns: half the memory of an object each."""

from __future__ import annotations

from array import array
from typing import NamedTuple


class Entry(NamedTuple):
    """Where the arrays of a key lie: `n_bytes` of safetensors at byte `start` of a shard, and their checksum."""

    shard: str
    start: int
    n_bytes: int
    crc32: int


class Entries:
    """Entry by key; the last one that was set counts."""

    def __init__(self) -> None:
        self._rows: dict[bytes | str, int] = {}
        self._shards: dict[str, int] = {}  # name -> its place
        self._names: list[str] = []  # of shards, by their places
        self._shard, self._start, self._n_bytes, self._crc32 = (array("Q") for _ in range(4))

    def __contains__(self, key: str) -> bool:
        return _packed(key) in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def keys(self) -> list[str]:
        return [key.hex() if isinstance(key, bytes) else key for key in self._rows]

    @property
    def n_bytes(self) -> int:
        """Of all entries that count."""
        return sum(self._n_bytes[row] for row in self._rows.values())

    def get(self, key: str) -> Entry | None:
        row = self._rows.get(_packed(key))
        if row is None:
            return None
        return Entry(self._names[self._shard[row]], self._start[row], self._n_bytes[row], self._crc32[row])

    def __setitem__(self, key: str, entry: Entry) -> None:
        if entry.shard not in self._shards:
            self._shards[entry.shard] = len(self._names)
            self._names.append(entry.shard)
        self._rows[_packed(key)] = len(self._start)
        self._shard.append(self._shards[entry.shard])
        self._start.append(entry.start)
        self._n_bytes.append(entry.n_bytes)
        self._crc32.append(entry.crc32)

    def __delitem__(self, key: str) -> None:
        del self._rows[_packed(key)]


def _packed(key: str) -> bytes | str:
    """The bytes of a hash, which take half the memory of its digits; any other key as it is."""
    try:
        return packed if len(key) == 64 and (packed := bytes.fromhex(key)).hex() == key else key
    except ValueError:
        return key
