"""Batches: everyone once an epoch, deterministic, of even size."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from msftk.interfaces import Sampler
from msftk.registry import registry
from msftk.training.batches import training_batches
from msftk.types import Utterance


def everyone(n: int) -> Sampler:
    sampler: Sampler = registry().create(
        "sampler", "length-buckets", utterances=[Utterance(f"u{k}", None) for k in range(n)]
    )
    return sampler


@given(
    st.lists(st.integers(1, 1000), min_size=1, max_size=120), st.integers(2, 40), st.integers(1, 16), st.integers(0, 99)
)
def test_every_row_comes_once_in_steps_of_even_size(lengths: list[int], batch: int, micro: int, epoch: int) -> None:
    steps = training_batches(everyone(len(lengths)), np.array(lengths), batch, micro, seed=0, epoch=epoch)
    rows = [row for step in steps for part in step for row in part]
    assert sorted(rows) == list(range(len(lengths)))
    sizes = [sum(map(len, step)) for step in steps]
    assert max(sizes) <= batch
    assert max(sizes) - min(sizes) <= 1
    assert max(len(part) for step in steps for part in step) <= micro


def test_batches_follow_seed_and_epoch() -> None:
    lengths = np.arange(50, 114)

    def made(seed: int, epoch: int) -> list[list[list[int]]]:
        return [
            [part.tolist() for part in step]
            for step in training_batches(everyone(len(lengths)), lengths, 8, 4, seed, epoch)
        ]

    assert made(0, 1) == made(0, 1)
    assert made(0, 1) != made(0, 2)
    assert made(0, 1) != made(1, 1)


def test_batches_hold_like_lengths() -> None:
    lengths = np.random.default_rng(0).integers(50, 1200, 256)
    steps = training_batches(everyone(len(lengths)), lengths, 16, 16, 0, 1)
    padded = sum(lengths[step[0]].max() * len(step[0]) for step in steps)
    assert padded < 1.6 * lengths.sum()  # unsorted batches of 16 need about 1.8


def test_an_epoch_does_not_go_from_short_to_long() -> None:
    lengths = np.arange(50, 562)
    steps = training_batches(everyone(len(lengths)), lengths, 16, 16, 0, 1)
    means = np.array([lengths[step[0]].mean() for step in steps])
    assert 0.3 < (np.diff(means) > 0).mean() < 0.7
