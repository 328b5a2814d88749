"""Work done ahead: in order, a few at a time, an error as itself, and never a thread left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
import torch

from msftk.errors import InputError
from msftk.runs.ahead import Ahead


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("msftk-ahead")]


def test_results_come_in_the_order_of_their_items_whoever_is_ready_first() -> None:
    def late_if_even(item: int) -> int:
        time.sleep(0.01 if item % 2 == 0 else 0)
        return item * item

    with Ahead(late_if_even, range(20), workers=4) as squares:
        assert list(squares) == [item * item for item in range(20)]
    assert readers() == []


def test_only_a_few_are_made_ahead() -> None:
    begun: list[int] = []
    with Ahead(begun.append, range(100), workers=2) as results:
        next(results)
        time.sleep(0.05)
        assert len(begun) <= 4  # the one taken, and one more than there are threads


def test_the_first_is_begun_before_anybody_asks() -> None:
    begun = threading.Event()
    with Ahead(lambda _: begun.set(), [0], workers=1):
        assert begun.wait(5)


def test_an_error_comes_out_as_itself_in_its_turn() -> None:
    def read(item: int) -> int:
        if item == 2:
            raise InputError("third.wav: cut off.")
        return item

    taken: list[int] = []
    with pytest.raises(InputError, match=r"third\.wav"), Ahead(read, range(50), workers=3) as results:
        taken.extend(results)
    assert taken == [0, 1]
    assert readers() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_who_leaves_early_leaves_no_thread_and_nothing_more_is_made(error: type[BaseException]) -> None:
    made: list[int] = []

    def leave() -> None:
        with Ahead(made.append, range(1000), workers=2) as results:
            next(results)
            raise error

    with pytest.raises(error):
        leave()
    assert readers() == []
    n = len(made)
    time.sleep(0.02)
    assert len(made) == n < 10


def test_waiting_is_measured() -> None:
    with Ahead(lambda _: time.sleep(0.03), range(3), workers=1) as results:
        list(results)
    assert results.waited_s > 0.06


def test_torch_keeps_its_threads_where_nothing_was_computed_before() -> None:
    code = (
        "import torch\nfrom msftk.runs.ahead import Ahead\n"
        "with Ahead(abs, range(3), workers=2) as results: list(results)\nprint(torch.get_num_threads())"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "3", "MKL_DYNAMIC": "FALSE"}  # three, whatever the machine has
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout == "3\n"


def test_readers_compute_alone_and_leave_torch_its_threads() -> None:
    seen: list[int] = []
    before = torch.get_num_threads()
    with Ahead(lambda _: torch.get_num_threads(), range(3), workers=2) as results:
        assert set(results) == {1}
    later = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert seen == [torch.get_num_threads()] == [before]
