from __future__ import annotations

import pytest

from msftk.launched import local_rank, rank, world_size


def test_a_launcher_tells_who_this_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("WORLD_SIZE", "4"), ("RANK", "3"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    assert (world_size(), rank(), local_rank()) == (4, 3, 1)


def test_a_rank_without_a_launcher_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("RANK", "3")  # some scheduler's own
    assert (world_size(), rank(), local_rank()) == (1, 0, 0)
