"""How many CPU threads a network is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

# Below this, an operation is shorter than waking a second thread: on 2 cores the demo's epoch takes 0.35 s with one
# thread, and up to 9 s with two while another process wants a core, since threads wait for each other by spinning.
SMALL_PARAMETERS = 3_000_000


@contextmanager
def threads_for(network: nn.Module) -> Iterator[None]:
    """One thread for a small network on a CPU; larger ones keep what torch was set to. It is put back afterwards."""
    before = torch.get_num_threads()
    if sum(p.numel() for p in network.parameters()) < SMALL_PARAMETERS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
