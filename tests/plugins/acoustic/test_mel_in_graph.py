"""Mel features of a batch are those that are prepared of each recording."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from msftk.types import Float32
from msftk_plugins.acoustic.mel import StackedMel, WhisperMel, WholeRowsMel
from msftk_plugins.acoustic.mel_in_graph import rows_in_graph


def noise(*lengths: int) -> list[Float32]:
    draw = np.random.default_rng(0)
    return [draw.normal(0, 0.1, n).astype(np.float32) for n in lengths]


def padded(waveforms: list[Float32]) -> tuple[torch.Tensor, torch.Tensor]:
    """Side by side; what stands behind one may be anything."""
    samples = pad_sequence([torch.from_numpy(one) for one in waveforms], batch_first=True, padding_value=9.0)
    return samples, torch.tensor([len(one) for one in waveforms])


@pytest.mark.parametrize("kind", [WhisperMel, WholeRowsMel])
def test_whispers_rows_are_those_that_are_prepared(kind: type[WhisperMel]) -> None:
    front = kind({"feature_size": 20, "chunk_length": 2})
    waveforms = noise(1, 300, 16_119, 16_121, 31_999, 32_000)
    prepared = [front.prepare(one) for one in waveforms]
    rows, n_rows = rows_in_graph(front)(*padded(waveforms))
    assert n_rows.tolist() == [len(one) for one in prepared]
    for found, expected in zip(rows.numpy(), prepared, strict=True):
        n = min(len(expected), front.rows)  # what stands behind is not read
        np.testing.assert_allclose(found[:n], expected[:n], rtol=0, atol=2e-4)
        assert np.ptp(expected) > 0.3


def test_stacked_rows_are_those_of_the_models_own_extractor() -> None:
    front = StackedMel({"feature_size": 20, "num_mel_bins": 20})
    waveforms = noise(300, 720, 879, 880, 1040, 16_000)
    frames, n_frames = rows_in_graph(front)(*padded(waveforms))
    for found, n, waveform in zip(frames.numpy(), n_frames.tolist(), waveforms, strict=True):
        expected = front.prepare(waveform)
        assert n == len(expected)
        np.testing.assert_allclose(found[:n], expected, rtol=0, atol=2e-4)
        assert np.ptp(expected) > 0.1
