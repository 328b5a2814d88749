"""Random states of torch and NumPy are kept, replayed and given back."""

from __future__ import annotations

import numpy as np
import torch

from msftk.models.randomness import random_state, seeded, set_random_state

CPU = torch.device("cpu")


def draw() -> list[float]:
    """Numbers of every kind that a network draws."""
    return [torch.rand(1).item(), np.random.random(), np.random.normal()]


def test_state_replays_torch_and_numpy() -> None:
    np.random.normal()  # leaves a second normal number waiting, which is part of the state
    state = random_state(CPU)
    first = [draw() for _ in range(700)]  # more than one block of the NumPy generator
    set_random_state(CPU, state)
    assert [draw() for _ in range(700)] == first


def test_seeded_is_repeatable_and_gives_the_callers_state_back() -> None:
    before = random_state(CPU)
    with seeded(3, CPU):
        first = draw()
    after = random_state(CPU)
    assert all(torch.equal(after[name], before[name]) for name in before)
    with seeded(3, CPU):
        assert draw() == first
    with seeded(4, CPU):
        assert draw() != first


def test_seeded_gives_algorithms_back() -> None:
    with seeded(0, CPU):
        assert torch.are_deterministic_algorithms_enabled()
    assert not torch.are_deterministic_algorithms_enabled()
