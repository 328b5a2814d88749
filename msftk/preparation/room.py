"""Whether the disk has room for what will be stored, judged by what the first ones took."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from msftk.errors import InputError

LEFT_FREE = 10**9  # bytes of the disk, for what a run itself writes


def needed_bytes(first: Sequence[tuple[float, int]], left_s: Sequence[float]) -> float:
    """Bytes that recordings of `left_s` seconds take, by (seconds, bytes) of the `first`.

    What takes the same for recordings of different lengths (pooled over time) does so for all; else it goes by seconds.
    """
    seconds, sizes = [s for s, _ in first], [n for _, n in first]
    if len(set(sizes)) == 1 and max(seconds) > min(seconds):
        return float(sizes[0] * len(left_s))
    return sum(left_s) * sum(sizes) / max(sum(seconds), 1e-9)


def told_room(root: Path, what: str, n_bytes: float) -> str:
    """What is to be said before so much is stored below `root`.

    Raises InputError where the disk lacks the room.
    """
    free = shutil.disk_usage(root).free
    told = f"{what}: {n_bytes / 1e9:.3g} GB more at {root}, where {free / 1e9:.3g} GB are free"
    if n_bytes + LEFT_FREE > free:
        raise InputError(
            f"{told}. Make room or name another --store; features pooled over time (adaptation.name=frozen), or fewer "
            "seconds (data.seconds_kept), take less."
        )
    return told
