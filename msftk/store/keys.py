"""What a stored result is filed under: the hash of what was read, and the hash of what made it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from msftk.types import Alignment, Tier

FORMAT_VERSION = 2  # of shards, index and logs; a change makes every producer another one

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical_json(value: object) -> str:
    """One text for equal values: sorted keys, no spaces; NaN is refused with ValueError."""
    return _encode(value)


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON of `value`, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def table_digest(head: Sequence[object], rows: Iterable[object]) -> str:
    """`digest([*head, [*rows]])`, row by row: a large table needs no text of all of it."""
    end = "]]"
    hashed = hashlib.sha256(canonical_json([*head, []]).removesuffix(end).encode())
    for place, row in enumerate(rows):
        hashed.update(f"{',' if place else ''}{canonical_json(row)}".encode())
    hashed.update(end.encode())
    return hashed.hexdigest()


class KeyColumn:
    """Keys of `n` rows, None where there is none: 32 bytes each, where a text of the digits takes 113."""

    def __init__(self, n: int) -> None:
        self._keys = np.zeros(n, "V32")
        self._given = np.zeros(n, bool)

    def __len__(self) -> int:
        return len(self._given)

    def __getitem__(self, row: int) -> str | None:
        key: bytes = self._keys[row].tobytes()
        return key.hex() if self._given[row] else None

    def __setitem__(self, row: int, key: str | None) -> None:
        self._given[row] = key is not None
        if key is not None:
            self._keys[row] = bytes.fromhex(key)


def content_key(**inputs: object) -> str:
    """Key of a result: every input that its producer reads, by content; never a path or a time of day."""
    return digest(inputs)


def producer_hash(producer: Mapping[str, object]) -> str:
    """Name of a producer's folder: kind, plugin, version of its results, options, identity of models, format version.

    Its package is told beside them and does not count: a release that changes no results keeps them.
    """
    return digest({"format_version": FORMAT_VERSION, **{k: v for k, v in producer.items() if k != "package"}})


def alignment_digest(alignment: Alignment) -> str:
    """Content of an alignment, whatever file format told it; times in whole microseconds, as LEMf compares them."""
    forced = {} if alignment.stressed is None else {"stressed": alignment.stressed}
    return digest({"words": _columns(alignment.words), "phones": _columns(alignment.phones), **forced})


def _columns(tier: Tier) -> dict[str, object]:
    return {
        "start_us": [round(float(time_s) * 1e6) for time_s in tier.start_s],
        "end_us": [round(float(time_s) * 1e6) for time_s in tier.end_s],
        "labels": list(tier.labels),
        "spoken": [bool(spoken) for spoken in tier.spoken],
    }
