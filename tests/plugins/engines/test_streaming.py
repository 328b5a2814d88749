"""What engines share: few items handed out, outcomes as they end, and workers whose answers can be sent."""

from __future__ import annotations

import pickle
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from typing import Any

from outside.works import Inverse, OddError, Raises

from msftk.errors import MsftkError
from msftk_plugins.engines.streaming import Worker, streamed


def test_no_more_is_handed_out_than_asked_for_and_each_outcome_comes_with_its_item() -> None:
    handed_out: list[Any] = []
    items = count(1)

    def submit(item: int) -> Future[Any]:
        handed_out.append(item)
        return pool.submit(lambda: 60 // item if item != 2 else 1 // 0)

    with ThreadPoolExecutor(1) as pool:
        running = streamed(submit, items, 3)
        found = dict(next(running) for _ in range(5))
    assert len(handed_out) <= 5 + 3
    assert isinstance(found.pop(2), ZeroDivisionError)
    assert all(found[item] == 60 // item for item in found)


def test_a_worker_builds_its_work_once_and_hands_back_what_it_raises() -> None:
    worker = pickle.loads(pickle.dumps(Worker(pickle.dumps(Inverse()))))
    assert worker.do(4) == 0.25
    assert isinstance(worker.do(0), ZeroDivisionError)
    assert worker._work is worker._work


def test_an_exception_that_cannot_be_sent_is_told_in_words() -> None:
    found = Worker(pickle.dumps(Raises(OddError))).do(1)
    assert type(found) is MsftkError
    assert str(found) == "OddError: 1 and 2"


def test_work_that_cannot_be_built_where_it_is_sent_is_an_outcome_too() -> None:
    found = Worker(b"cmsftk.nowhere\nWork\n.").do(1)
    assert isinstance(found, ModuleNotFoundError)
