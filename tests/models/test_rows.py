"""Rows of a batch: by length, everyone once."""

from __future__ import annotations

import numpy as np

from msftk.models.rows import even_parts, ordered_batches


def test_ordered_batches_cover_everything() -> None:
    assert sorted(np.concatenate(list(ordered_batches(np.array([3, 1, 2, 9, 4]), 2)))) == [0, 1, 2, 3, 4]
    assert list(ordered_batches(np.array([], int), 2)) == []


def test_parts_differ_in_size_by_at_most_one() -> None:
    assert [len(part) for part in even_parts(np.arange(7), 3)] == [3, 2, 2]
