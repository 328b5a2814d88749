"""Things made when first asked for."""

import threading

from msftk.preparation.once import once


class Thing:
    """Counts how often its answer is made."""

    def __init__(self, wait: threading.Barrier | None = None) -> None:
        self.made = 0
        self.wait = wait

    @once
    def answer(self) -> int:
        """The answer."""
        if self.wait:
            self.wait.wait(timeout=10)
        self.made += 1
        return 42


def test_it_is_made_once_an_object_and_not_before() -> None:
    thing, other = Thing(), Thing()
    assert thing.made == 0
    assert (thing.answer, thing.answer, thing.made, other.made) == (42, 42, 1, 0)
    assert Thing.answer.__doc__ == "The answer."


def test_threads_that_ask_different_objects_do_not_wait_for_each_other() -> None:
    both = threading.Barrier(2)  # passed only by two threads at the same time
    things = [Thing(both), Thing(both)]
    threads = [threading.Thread(target=lambda thing=thing: thing.answer) for thing in things]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [thing.made for thing in things] == [1, 1]


def test_what_fails_is_tried_again() -> None:
    class Fails:
        tries = 0

        @once
        def answer(self) -> int:
            self.tries += 1
            raise ValueError

    fails = Fails()
    for _ in range(2):
        try:
            _ = fails.answer
        except ValueError:
            continue
    assert fails.tries == 2
