"""Rows side by side in a batch: utterances of like length, and batches of even size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def ordered_batches(lengths: NDArray[np.int64], batch: int) -> Iterator[Rows]:
    """Rows by length, for prediction."""
    yield from even_parts(np.argsort(lengths, kind="stable"), batch)


def within_size(lengths: NDArray[np.int64], most: int, size: float) -> Iterator[Rows]:
    """Rows by length, at most so many, and no more than `size` elements when padded, but for a single row.

    >>> [rows.tolist() for rows in within_size(np.array([5, 1, 2, 9]), 3, 6.0)]
    [[1, 2], [0], [3]]
    """
    batch: list[int] = []
    for row in np.argsort(lengths, kind="stable").tolist():
        if batch and (len(batch) == most or (len(batch) + 1) * lengths[row] > size):
            yield np.array(batch, np.int64)
            batch = []
        batch.append(row)
    if batch:
        yield np.array(batch, np.int64)


def even_parts(rows: Rows, largest: int) -> list[Rows]:
    """Consecutive parts of at most `largest` rows, which differ in size by at most one."""
    return list(np.array_split(rows, -(-len(rows) // largest))) if len(rows) else []
