"""Memory that each training step takes and gives back: kept by the process, not fetched anew from the system."""

from __future__ import annotations

import numpy as np

LARGEST_BLOCK = 31 * 2**20  # bytes; glibc learns from blocks of up to 32 MiB


def keep_freed_memory() -> None:
    """From here on the C library keeps freed blocks, up to about 64 MB in all.

    It only takes and gives back one large block. glibc returns blocks of more than 128 KiB to the system until it has
    seen a larger one freed (mallopt(3), "dynamic mmap threshold"). Of a network of 2 million parameters 9 MB come and
    go in each optimiser step, and each page of them is a fault: 4 ms of a step of 19 ms. Other C libraries do not care.
    """
    np.empty(LARGEST_BLOCK, np.uint8)
