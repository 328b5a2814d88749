"""What a server counts, as Prometheus reads it (text exposition format 0.0.4)."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass
class Histogram:
    """Counts of values by their upper bounds; the last count is of those beyond all."""

    bounds: tuple[float, ...]
    counts: list[int] = field(init=False)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def lines(self, name: str, help: str) -> list[str]:
        """Each bound with all that lie at or below it."""
        up_to = [f"{bound:g}" for bound in self.bounds] + ["+Inf"]
        counts = list(accumulate(self.counts))
        buckets = [f'{name}_bucket{{le="{bound}"}} {n}' for bound, n in zip(up_to, counts, strict=True)]
        return [*_head(name, "histogram", help), *buckets, f"{name}_sum {self.total:.9g}", f"{name}_count {counts[-1]}"]


class Metrics:
    """Requests by path and status, how long they took, how many are under way, batches and sound; threads may share
    it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds = Histogram(SECONDS)
        self._batches = Histogram(SIZES)
        self._sound_s = 0.0
        self._under_way: Counter[str] = Counter()

    def begun(self, path: str) -> None:
        with self._lock:
            self._under_way[path] += 1

    @property
    def under_way(self) -> int:
        return self._under_way.total()

    def under_way_at(self, path: str) -> int:
        return self._under_way[path]

    def ended(self, path: str, status: int, seconds: float) -> None:
        with self._lock:
            self._under_way[path] -= 1
            self._requests[path, status] += 1
            self._seconds.add(seconds)

    def batch(self, size: int) -> None:
        with self._lock:
            self._batches.add(size)

    def heard(self, seconds: float) -> None:
        with self._lock:
            self._sound_s += seconds

    def text(self) -> str:
        with self._lock:
            requests = [
                f'msftk_requests_total{{path="{path}",status="{status}"}} {n}'
                for (path, status), n in sorted(self._requests.items())
            ]
            lines = [
                *_head("msftk_requests_total", "counter", "Requests that were answered."),
                *requests,
                *self._seconds.lines("msftk_request_seconds", "Seconds from a request to its answer."),
                *_head("msftk_requests_under_way", "gauge", "Requests that are not answered yet."),
                f"msftk_requests_under_way {self.under_way}",
                *self._batches.lines("msftk_batch_size", "Recordings that were predicted together."),
                *_head("msftk_sound_seconds_total", "counter", "Seconds of sound that were taken in."),
                f"msftk_sound_seconds_total {self._sound_s:.9g}",
            ]
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str, help: str) -> list[str]:
    return [f"# HELP {name} {help}", f"# TYPE {name} {kind}"]
