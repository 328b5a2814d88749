"""Samplers by class: how many of each an epoch hears, and what cannot be sampled."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msftk.errors import InputError, UnknownNameError
from msftk.registry import registry
from msftk.types import Utterance


def drawn(name: str, classes: list[str | None], epoch: int = 1, **options: object) -> list[int]:
    utterances = [Utterance(f"u{k}", None, category=one) for k, one in enumerate(classes)]
    sampler = registry().create("sampler", name, options, utterances=utterances)
    steps = sampler.steps(np.full(len(classes), 100), 8, np.random.default_rng([0, epoch]))
    rows: list[int] = np.concatenate(steps).tolist()
    assert len(rows) == sampler.size
    return rows


CLASSES = st.lists(st.sampled_from(["A", "H", "S", "O", None]), min_size=1, max_size=60).filter(any)


@given(CLASSES, st.integers(1, 9), st.floats(1, 3))
def test_undersampling_leaves_no_class_more_than_so_many_times_the_rarest(
    classes: list[str | None], epoch: int, largest: float
) -> None:
    rows = drawn("class-undersampling", classes, epoch, largest=largest)
    assert len(set(rows)) == len(rows)
    there = Counter(one for one in classes if one)
    heard = Counter(classes[row] for row in rows)
    assert heard == {one: min(n, int(largest * min(there.values()))) for one, n in there.items()}


@given(CLASSES, st.integers(1, 9))
def test_balanced_classes_are_heard_alike_and_their_utterances_too(classes: list[str | None], epoch: int) -> None:
    rows = drawn("class-balanced", classes, epoch)
    heard = Counter(classes[row] for row in rows)
    assert set(heard) <= {one for one in classes if one}
    shares = [heard[one] for one in {one for one in classes if one}]
    assert max(shares) - min(shares) <= 1
    times = Counter(rows)
    for one in heard:
        each = [times[row] for row, own in enumerate(classes) if own == one]
        assert max(each) - min(each) <= 1


def test_an_epoch_draws_others_of_a_large_class() -> None:
    classes: list[str | None] = ["H"] * 5 + ["N"] * 40
    assert set(drawn("class-undersampling", classes, 1)) != set(drawn("class-undersampling", classes, 2))


def test_those_without_a_class_are_one_more_where_that_is_asked_for() -> None:
    classes: list[str | None] = ["H", None, "S", "S", None, None]
    heard = Counter(classes[row] for row in drawn("class-undersampling", classes, unlabelled="class", largest=2))
    assert heard == {"H": 1, "S": 2, None: 2}
    assert None not in [classes[row] for row in drawn("class-undersampling", classes)]


def test_those_without_a_class_may_be_all_that_is_heard() -> None:
    classes: list[str | None] = ["H", None, "S", None]
    assert sorted(drawn("class-undersampling", classes, leave_out=["H", "S"], unlabelled="class")) == [1, 3]


def test_classes_that_are_left_out_are_not_heard() -> None:
    classes: list[str | None] = ["H", "O", "H", "X", None, "S", "O"]
    assert sorted(drawn("class-undersampling", classes, leave_out=["O", "X"], largest=2)) == [0, 2, 5]


@pytest.mark.parametrize("name", ["class-undersampling", "class-balanced"])
def test_what_cannot_be_sampled_is_told(name: str) -> None:
    with pytest.raises(InputError, match="no training utterance has a category"):
        drawn(name, [None, None])
    utterances = [Utterance(one, None, category=one) for one in "AHO"]
    of_a_fold = registry().create("sampler", name, {"leave_out": ["O", "anger"]}, utterances=utterances[:2])
    with pytest.raises(UnknownNameError, match=r"sampler.leave_out: no utterance has category 'anger'\. .*A, H, O"):
        of_a_fold.check(utterances)
    with pytest.raises(InputError, match="leaves no utterance"):
        drawn(name, ["A", "H"], leave_out=["A", "H"])
