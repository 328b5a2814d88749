"""The local engine: every item once, failures beside results, and a prompt end."""

from __future__ import annotations

import threading
import time
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msftk.registry import registry
from msftk.testing import check_engine


def engine(workers: int | None = None):
    return registry().create("engine", "local", {"workers": workers})


@given(st.lists(st.integers(-3, 30)), st.integers(1, 4))
@settings(deadline=None, max_examples=30)
def test_every_item_comes_back_once_with_its_result_or_its_error(items: list[int], workers: int) -> None:
    found = list(engine(workers).map(lambda item: 12 // item, items))
    assert sorted(item for item, _ in found) == sorted(items)
    for item, result in found:
        assert isinstance(result, ZeroDivisionError) if item == 0 else result == 12 // item


def test_workers_work_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=20)
    assert len(list(engine(3).map(lambda _: together.wait(), range(3)))) == 3


def test_an_endless_corpus_is_not_read_ahead_and_leaving_early_drops_what_has_not_begun() -> None:
    begun = []
    items = count()
    running = engine(2).map(begun.append, items)
    next(running)
    running.close()
    assert len(begun) <= 5
    assert next(items) <= 5


def test_an_interruption_in_the_work_ends_the_map() -> None:
    def work(item: int) -> None:
        time.sleep(0.01)
        if item == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(engine(1).map(work, range(1000)))


def test_the_default_is_a_thread_a_core() -> None:
    assert engine().workers >= 1


def test_it_keeps_the_contract_with_one_worker_and_with_many() -> None:
    check_engine("local", workers=1)
    check_engine("local", workers=4)


def test_each_sort_of_work_has_a_width_of_its_own() -> None:
    class Work:
        def __init__(self, wants: str) -> None:
            self.wants = wants
            self.now = self.most = 0
            self.lock = threading.Lock()

        def __call__(self, item: int) -> None:
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            time.sleep(0.02)
            with self.lock:
                self.now -= 1

    local = registry().create("engine", "local", {"workers": 2, "requests": 5})
    for wants, width in (("cpu-kernel", 2), ("model", 1), ("network", 5)):
        work = Work(wants)
        assert len(list(local.map(work, range(12)))) == 12
        assert work.most == width


def test_a_model_works_on_one_item_at_a_time_for_all_threads_that_ask() -> None:
    class Work:
        wants = "model"
        now = most = 0

        def __call__(self, item: int) -> None:
            self.now += 1
            self.most = max(self.most, self.now)
            time.sleep(0.002)
            self.now -= 1

    local, work = engine(), Work()
    asking = [threading.Thread(target=lambda: list(local.map(work, range(5)))) for _ in range(8)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert work.most == 1


def test_one_item_alone_is_worked_on_by_who_asks() -> None:
    who = registry().create("engine", "local", {"workers": 4}).map(lambda _: threading.current_thread(), ["one"])
    assert list(who) == [("one", threading.current_thread())]
