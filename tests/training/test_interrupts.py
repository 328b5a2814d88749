"""A signal that is held back acts at the end, once, as it would have at once."""

from __future__ import annotations

import signal
from threading import Thread

import pytest

from msftk.training.interrupts import held_back


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_inside_is_done_whole(number: signal.Signals) -> None:
    def handler(number: int, frame: object) -> None:
        raise KeyboardInterrupt(number)

    def work() -> None:
        with held_back():
            signal.raise_signal(number)
            signal.raise_signal(number)
            done.append("inside")

    done: list[str] = []
    before = signal.signal(number, handler)
    try:
        with pytest.raises(KeyboardInterrupt, match=str(int(number))):
            work()
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)
    assert done == ["inside"]


def test_an_error_inside_comes_out() -> None:
    with pytest.raises(ZeroDivisionError), held_back():
        _ = 1 / 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_hear_no_signals() -> None:
    done: list[str] = []

    def work() -> None:
        with held_back():
            done.append("inside")

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["inside"]
