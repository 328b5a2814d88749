"""Requests that come at the same time are worked on together, by one thread, and each gets its own answer."""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Job = TypeVar("Job")
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Waiting(Generic[Job]):
    job: Job
    kind: Hashable
    weight: float
    answer: Future[Any]


class Batcher(Generic[Job]):
    """Gathers jobs of one kind, up to `most` of them and a weight of `heaviest` together, and works on them at once.

    Args:
        work: jobs -> an answer or an exception each, in their order. Where it fails for several, it is asked for each
            of them alone, so that one job's trouble is not another's.
        gather_s: how long the first job waits for others, as long as more are `coming`: how many are under way in all.
        told: hears how many were worked on together.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Job]], Sequence[Any]],
        *,
        most: int = 1,
        heaviest: float = math.inf,
        gather_s: float = 0.0,
        coming: Callable[[], int] = lambda: 0,
        told: Callable[[int], None] = lambda n: None,
    ) -> None:
        self._work, self._coming, self._told = work, coming, told
        self._most, self._heaviest, self._gather_s = most, heaviest, gather_s
        self._queue: queue.SimpleQueue[_Waiting[Job] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="batches", daemon=True)
        self._thread.start()

    def submit(self, job: Job, kind: Hashable = None, weight: float = 0.0) -> Future[Any]:
        """The answer to come; cancelled before its turn the job is left out. Jobs of another `kind` never share a
        batch."""
        waiting = _Waiting(job, kind, weight, Future())
        self._queue.put(waiting)
        return waiting.answer

    def close(self) -> None:
        """Ends when what was submitted before is done."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        first = self._queue.get()
        while first is not None:
            batch, first = self._gathered(first)
            wanted = [one for one in batch if one.answer.set_running_or_notify_cancel()]
            if wanted:
                self._told(len(wanted))
                for one, answer in zip(wanted, self._answers(wanted), strict=True):
                    if isinstance(answer, Exception):
                        one.answer.set_exception(answer)
                    else:
                        one.answer.set_result(answer)
            del batch, wanted  # nobody's sound is kept while nothing is asked
            first = first or self._queue.get()

    def _gathered(self, first: _Waiting[Job]) -> tuple[list[_Waiting[Job]], _Waiting[Job] | None]:
        """A batch, and the job that began the next one where it did not fit."""
        batch, weight, until = [first], first.weight, time.monotonic() + self._gather_s
        while len(batch) < self._most:
            others = self._coming() > len(batch)
            try:
                one = self._queue.get(timeout=max(0.0, until - time.monotonic()) if others else 0.0)
            except queue.Empty:
                break
            if one is None:
                self._queue.put(None)
                break
            weight += one.weight
            if one.kind != first.kind or weight > self._heaviest:
                return batch, one
            batch.append(one)
        return batch, None

    def _answers(self, batch: Sequence[_Waiting[Job]]) -> Sequence[Any]:
        try:
            return self._work([one.job for one in batch])
        except Exception as error:
            if len(batch) == 1:
                return [error]
            _logger.info("a batch of %d failed (%s): each alone", len(batch), type(error).__name__)
            return [answer for one in batch for answer in self._answers([one])]
