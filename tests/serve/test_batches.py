"""Jobs that come together are worked on together, each gets its own answer, and one's trouble is nobody else's."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from msftk.serve.batches import Batcher


class Doubling:
    """Answers twice the number; 13 ends the whole batch, a negative number is an error of its own."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.let_go = threading.Event()
        self.let_go.set()

    def __call__(self, jobs: Sequence[int]) -> list[object]:
        self.let_go.wait(10)
        self.batches.append(list(jobs))
        if 13 in jobs:
            raise RuntimeError("thirteen")
        return [ValueError(f"{job} is negative") if job < 0 else 2 * job for job in jobs]


@pytest.fixture
def work() -> Doubling:
    return Doubling()


@pytest.fixture
def batcher(work: Doubling) -> Iterator[Batcher[int]]:
    made: Batcher[int] = Batcher(work, most=4, heaviest=10, gather_s=0.02, coming=lambda: 9, told=lambda size: None)
    yield made
    work.let_go.set()
    made.close()


def held(work: Doubling, batcher: Batcher[int]) -> None:
    """The thread is kept busy with a job of its own, while others wait."""
    work.let_go.clear()
    batcher.submit(0, kind="other")


def test_jobs_that_wait_are_worked_on_together_up_to_the_limit(work: Doubling, batcher: Batcher[int]) -> None:
    held(work, batcher)
    answers = [batcher.submit(job) for job in range(1, 7)]
    work.let_go.set()
    assert [answer.result(10) for answer in answers] == [2, 4, 6, 8, 10, 12]
    assert work.batches == [[0], [1, 2, 3, 4], [5, 6]]


def test_jobs_of_another_kind_or_too_heavy_begin_a_batch_of_their_own(work: Doubling, batcher: Batcher[int]) -> None:
    held(work, batcher)
    answers = [
        batcher.submit(1),
        batcher.submit(2, kind="window 8"),
        batcher.submit(3, kind="window 8", weight=6),
        batcher.submit(4, kind="window 8", weight=6),
    ]
    work.let_go.set()
    assert [answer.result(10) for answer in answers] == [2, 4, 6, 8]
    assert work.batches == [[0], [1], [2, 3], [4]]


def test_one_job_that_breaks_a_batch_leaves_the_others_their_answers(work: Doubling, batcher: Batcher[int]) -> None:
    held(work, batcher)
    good, bad, negative = (batcher.submit(job) for job in (5, 13, -1))
    work.let_go.set()
    assert good.result(10) == 10
    with pytest.raises(RuntimeError, match="thirteen"):
        bad.result(10)
    with pytest.raises(ValueError, match="-1 is negative"):
        negative.result(10)
    assert batcher.submit(21).result(10) == 42


def test_a_job_that_nobody_waits_for_is_left_out(work: Doubling, batcher: Batcher[int]) -> None:
    held(work, batcher)
    gone, wanted = batcher.submit(1), batcher.submit(2)
    assert gone.cancel()
    work.let_go.set()
    assert wanted.result(10) == 4
    assert work.batches == [[0], [2]]


def test_what_was_submitted_is_answered_before_the_end(work: Doubling, batcher: Batcher[int]) -> None:
    held(work, batcher)
    answers = [batcher.submit(job) for job in range(1, 9)]
    work.let_go.set()
    batcher.close()
    assert [answer.result(0) for answer in answers] == [2 * job for job in range(1, 9)]


def test_many_threads_get_each_their_own(batcher: Batcher[int]) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = [*threads.map(lambda job: batcher.submit(job).result(10), range(100, 600))]
    assert answers == [2 * job for job in range(100, 600)]


def test_who_is_alone_does_not_wait_for_others(work: Doubling) -> None:
    lonely: Batcher[int] = Batcher(work, most=4, heaviest=10, gather_s=60, coming=lambda: 1, told=lambda size: None)
    assert lonely.submit(4).result(10) == 8
    lonely.close()
