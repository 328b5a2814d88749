"""CTC paths: the same as the NumPy oracle's, in any batch, whatever is kept in memory on the way."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from reference.ctc import best_path

from msftk.types import Float32, Float64
from msftk_ext import ctc

Int64 = NDArray[np.int64]
BLANK = 0


def paths(
    emissions: list[Float32], labels: list[Int64], blank: int = BLANK
) -> list[tuple[Int64, Int64, Float64, float]]:
    offsets = np.cumsum([0, *map(len, labels)])
    first, last, score = np.zeros(offsets[-1], np.int64), np.zeros(offsets[-1], np.int64), np.zeros(offsets[-1])
    total = np.zeros(len(labels))
    ctc.best_paths(emissions, np.concatenate(labels), offsets, blank, first, last, score, total)
    parts = [slice(*bounds) for bounds in itertools.pairwise(offsets)]
    return [(first[p], last[p], score[p], float(t)) for p, t in zip(parts, total, strict=True)]


def emissions_of(random: np.random.Generator, n_frames: int, n_classes: int, levels: int = 0) -> Float32:
    """Log-probabilities; `levels`: of so few different values that many paths are equal."""
    logits = (
        random.integers(levels, size=(n_frames, n_classes)) if levels else random.normal(0, 3, (n_frames, n_classes))
    )
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def assert_as_oracle(
    log_p: Float32, labels: Int64, found: tuple[Int64, Int64, Float64, float], blank: int = BLANK
) -> None:
    first, last, score, total = best_path(log_p, labels, blank)
    assert found[3] == total
    if total > -np.inf:
        np.testing.assert_array_equal(found[0], first)
        np.testing.assert_array_equal(found[1], last)
        np.testing.assert_array_equal(found[2], score)


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), n_frames=st.integers(1, 40), n_labels=st.integers(1, 20), levels=st.integers(0, 3)
)
def test_paths_are_those_of_the_oracle(seed: int, n_frames: int, n_labels: int, levels: int) -> None:
    random = np.random.default_rng(seed)
    n_classes = int(random.integers(2, 6))
    blank = int(random.integers(n_classes))
    labels = random.choice([c for c in range(n_classes) if c != blank], n_labels)
    log_p = emissions_of(random, n_frames, n_classes, levels)
    assert_as_oracle(log_p, labels, paths([log_p], [labels], blank)[0], blank)


@pytest.mark.parametrize(("n_frames", "n_labels"), [(4000, 1500), (3000, 2900), (9000, 700), (1200, 1199)])
def test_blocks_that_are_run_again_change_nothing(n_frames: int, n_labels: int) -> None:
    """So long that not all ways are kept (over a million), at ordinary and at the tightest speed of speech."""
    random = np.random.default_rng(n_frames)
    labels = random.integers(1, 5, n_labels)
    labels[1:] += (labels[1:] == labels[:-1]) * 4  # few repeats, so that the tightest has a path
    log_p = emissions_of(random, n_frames, 9)
    assert_as_oracle(log_p, labels, paths([log_p], [labels])[0])


def test_an_item_is_the_same_in_any_batch() -> None:
    random = np.random.default_rng(1)
    emissions = [emissions_of(random, n, 7) for n in (30, 5, 80)]
    labels = [random.integers(1, 7, n) for n in (8, 2, 30)]
    together = paths(emissions, labels)
    for one in range(3):
        alone = paths([emissions[one]], [labels[one]])[0]
        assert all(np.array_equal(a, b) for a, b in zip(alone, together[one], strict=True))


def test_equal_neighbours_need_a_blank_between_them() -> None:
    log_p = np.log(np.array([[0.1, 0.8, 0.1], [0.1, 0.8, 0.1]], np.float32))
    twice = np.array([1, 1])
    assert paths([log_p], [twice])[0][3] == -np.inf
    first, last, _, _ = paths([np.vstack([log_p, log_p[:1]])], [twice])[0]
    assert (first.tolist(), last.tolist()) == ([0, 2], [1, 3])


def test_emissions_are_left_as_they_are_and_may_be_read_only() -> None:
    log_p = emissions_of(np.random.default_rng(0), 20, 4)
    before = log_p.copy()
    log_p.setflags(write=False)
    paths([log_p], [np.array([1, 2, 3])])
    np.testing.assert_array_equal(log_p, before)


@pytest.mark.parametrize(
    ("log_p", "labels", "message"),
    [
        (np.zeros((0, 3), np.float32), [1], "item 0 has 1 labels and 0 frames"),
        (np.zeros((3, 3), np.float32), [], "item 0 has 0 labels and 3 frames"),
        (np.zeros((3, 3), np.float32), [3], "item 0 names a class that is not among the 3"),
        (np.zeros((3, 3), np.float32), [-1], "item 0 names a class"),
    ],
)
def test_what_cannot_be_a_path_is_refused(log_p: Float32, labels: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        paths([log_p], [np.array(labels, np.int64)])


def test_buffers_of_other_lengths_are_refused() -> None:
    log_p, one = np.zeros((3, 3), np.float32), np.zeros(1, np.int64)
    with pytest.raises(ValueError, match="buffers of other lengths"):
        ctc.best_paths([log_p], one, np.array([0, 1]), 0, one, np.zeros(2, np.int64), np.zeros(1), np.zeros(1))
    with pytest.raises(ValueError, match="offsets do not cover"):
        ctc.best_paths([log_p], one, np.array([0, 2]), 0, one, one.copy(), np.zeros(1), np.zeros(1))
