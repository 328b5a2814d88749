"""Rows of a batch: by length, everyone once."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from msftk.models.rows import even_parts, ordered_batches, within_size


def test_ordered_batches_cover_everything() -> None:
    assert sorted(np.concatenate(list(ordered_batches(np.array([3, 1, 2, 9, 4]), 2)))) == [0, 1, 2, 3, 4]
    assert list(ordered_batches(np.array([], int), 2)) == []


def test_parts_differ_in_size_by_at_most_one() -> None:
    assert [len(part) for part in even_parts(np.arange(7), 3)] == [3, 2, 2]


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 8), st.floats(1, 200))
def test_no_batch_is_larger_than_asked_and_every_row_is_in_one(lengths: list[int], most: int, size: float) -> None:
    batches = list(within_size(np.array(lengths, np.int64), most, size))
    assert sorted(row for rows in batches for row in rows.tolist()) == list(range(len(lengths)))
    for rows in batches:
        assert 1 <= len(rows) <= most
        assert len(rows) == 1 or len(rows) * max(lengths[row] for row in rows) <= size
