"""Small networks run on one thread, large ones on all; the setting comes back."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from msftk.models.threads import threads_for


@pytest.mark.parametrize(("width", "threads"), [(8, 1), (2000, 2)])
def test_small_network_gets_one_thread_and_a_large_one_keeps_them(width: int, threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with threads_for(nn.Linear(width, width)):
            assert torch.get_num_threads() == threads
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
