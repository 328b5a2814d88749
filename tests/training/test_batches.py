"""Batches: everyone once an epoch, deterministic, of even size; prepared inputs kept while memory lasts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from msftk.settings import load_settings
from msftk.store.manifest import Manifest
from msftk.training.batches import Inputs, ordered_batches, training_batches


@given(
    st.lists(st.integers(1, 1000), min_size=1, max_size=120), st.integers(2, 40), st.integers(1, 16), st.integers(0, 99)
)
def test_every_row_comes_once_in_steps_of_even_size(lengths: list[int], batch: int, micro: int, epoch: int) -> None:
    steps = training_batches(np.array(lengths), batch, micro, seed=0, epoch=epoch)
    rows = [row for step in steps for part in step for row in part]
    assert sorted(rows) == list(range(len(lengths)))
    sizes = [sum(map(len, step)) for step in steps]
    assert max(sizes) <= batch
    assert max(sizes) - min(sizes) <= 1
    assert max(len(part) for step in steps for part in step) <= micro


def test_batches_follow_seed_and_epoch() -> None:
    lengths = np.arange(50, 114)

    def made(seed: int, epoch: int) -> list[list[list[int]]]:
        return [[part.tolist() for part in step] for step in training_batches(lengths, 8, 4, seed, epoch)]

    assert made(0, 1) == made(0, 1)
    assert made(0, 1) != made(0, 2)
    assert made(0, 1) != made(1, 1)


def test_batches_hold_like_lengths() -> None:
    lengths = np.random.default_rng(0).integers(50, 1200, 256)
    steps = training_batches(lengths, 16, 16, 0, 1)
    padded = sum(lengths[step[0]].max() * len(step[0]) for step in steps)
    assert padded < 1.6 * lengths.sum()  # unsorted batches of 16 need about 1.8


def test_ordered_batches_cover_everything() -> None:
    assert sorted(np.concatenate(list(ordered_batches(np.array([3, 1, 2, 9, 4]), 2)))) == [0, 1, 2, 3, 4]
    assert list(ordered_batches(np.array([], int), 2)) == []


class Counting:
    """An acoustic encoder that counts how often it prepares."""

    needs_f0 = False
    dim = 1

    def __init__(self) -> None:
        self.calls = 0

    def prepare(self, waveform: np.ndarray, f0_hz: None) -> torch.Tensor:
        self.calls += 1
        return torch.from_numpy(waveform)


@pytest.mark.parametrize(("memory_bytes", "calls"), [(2**20, 1), (100, 2)])
def test_inputs_are_kept_while_memory_lasts_and_made_again_beyond(
    tone_corpus: Manifest, memory_bytes: int, calls: int
) -> None:
    encoder, utterance = Counting(), tone_corpus.utterances[0]
    inputs = Inputs(None, load_settings("tiny").data.seconds_kept, memory_bytes)  # type: ignore[arg-type]
    first, again = (inputs.of(utterance, encoder) for _ in range(2))  # type: ignore[arg-type]
    assert torch.equal(first, again)
    assert encoder.calls == calls


def test_only_the_first_seconds_are_heard(tone_corpus: Manifest) -> None:
    inputs = Inputs(None, 0.25)  # type: ignore[arg-type]
    assert len(inputs.of(tone_corpus.utterances[0], Counting())) == 4000  # type: ignore[arg-type]
