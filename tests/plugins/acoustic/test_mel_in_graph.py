"""Mel features of a batch are those that are prepared of each recording."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from msftk_plugins.acoustic.mel import WhisperMel, WholeRowsMel
from msftk_plugins.acoustic.mel_in_graph import WhisperRows


@pytest.mark.parametrize("kind", [WhisperMel, WholeRowsMel])
def test_whispers_rows_are_those_that_are_prepared(kind: type[WhisperMel]) -> None:
    front = kind({"feature_size": 20, "chunk_length": 2})
    noise = np.random.default_rng(0)
    waveforms = [noise.normal(0, 0.1, n).astype(np.float32) for n in (1, 300, 16_119, 16_121, 31_999, 32_000)]
    prepared = [front.prepare(one) for one in waveforms]
    samples = pad_sequence([torch.from_numpy(one) for one in waveforms], batch_first=True, padding_value=9.0)
    rows, n_rows = WhisperRows(front)(samples, torch.tensor([len(one) for one in waveforms]))
    assert n_rows.tolist() == [len(one) for one in prepared]
    for found, expected in zip(rows.numpy(), prepared, strict=True):
        n = min(len(expected), front.rows)  # what stands behind is not read
        np.testing.assert_allclose(found[:n], expected[:n], rtol=0, atol=2e-4)
        assert np.ptp(expected) > 0.3
