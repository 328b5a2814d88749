"""How much a server takes at once, and for how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """`max_mb` of a request's body, `max_s` of sound in it; `timeout_s` from its first byte to the answer.

    `batch` recordings at most are predicted together, and no more sound than `max_s`; the first waits `gather_ms` for
    others. `requests` at most are under way at once, further ones are told to come again.
    """

    max_mb: float = 64
    max_s: float = 600
    timeout_s: float = 60
    batch: int = 16
    gather_ms: float = 5
    requests: int = 256

    @property
    def max_bytes(self) -> int:
        return round(self.max_mb * 1e6)
