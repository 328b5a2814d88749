"""Which process of several this is, as torchrun, `accelerate launch` and `msftk train --gpus N` tell it."""

from __future__ import annotations

import os


def world_size() -> int:
    """How many processes a launcher started; 1 without one."""
    return int(os.environ.get("WORLD_SIZE", 1))


def rank() -> int:
    """Which of them this is, from 0."""
    return int(os.environ.get("RANK", 0)) if world_size() > 1 else 0


def local_rank() -> int:
    """Which of those on this machine this is: its GPU."""
    return int(os.environ.get("LOCAL_RANK", 0)) if world_size() > 1 else 0
