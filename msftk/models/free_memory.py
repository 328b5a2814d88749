"""How much memory a device has left: a GPU's, or the machine's within what its control groups (Slurm, Docker) allow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

KIB = 1024


def free_bytes(device: torch.device, root: Path = Path("/")) -> int | None:
    """Bytes that could still be taken; None where the system does not tell. `root`: where /proc and /sys lie."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    facts = _table(root / "proc/meminfo")
    if "MemAvailable:" not in facts:
        return None
    return min([facts["MemAvailable:"] * KIB, *_left_in_groups(root)])


def _left_in_groups(root: Path) -> Iterator[int]:
    """What each control group of this process leaves, of both versions; cached files can be given back."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        own = path.strip("/")
        groups = [own, *map(str, Path(own).parents)] if own else ["."]
        for group in groups:
            if not controllers:
                yield from _left(root / "sys/fs/cgroup" / group, "memory.max", "memory.current")
            elif "memory" in controllers.split(","):
                place = root / "sys/fs/cgroup/memory" / group
                yield from _left(place, "memory.limit_in_bytes", "memory.usage_in_bytes")


def _left(group: Path, limit: str, used: str) -> Iterator[int]:
    try:
        most, now = int((group / limit).read_text()), int((group / used).read_text())
    except (OSError, ValueError):  # no such group, or "max"
        return
    cached = _table(group / "memory.stat")
    yield most - now + cached.get("inactive_file", 0) + cached.get("active_file", 0)


def _table(path: Path) -> dict[str, int]:
    """Lines of a name and a number."""
    try:
        rows = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdecimal()}
