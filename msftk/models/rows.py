"""Rows side by side in a batch: utterances of like length, and batches of even size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def ordered_batches(lengths: NDArray[np.int64], batch: int) -> Iterator[Rows]:
    """Rows by length, for prediction."""
    yield from even_parts(np.argsort(lengths, kind="stable"), batch)


def even_parts(rows: Rows, largest: int) -> list[Rows]:
    """Consecutive parts of at most `largest` rows, which differ in size by at most one."""
    return list(np.array_split(rows, -(-len(rows) // largest))) if len(rows) else []
