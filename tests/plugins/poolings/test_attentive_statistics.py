from __future__ import annotations

import numpy as np
import torch
from reference import equations
from reference.weights import shaken, weights

from msftk_plugins.poolings.attentive_statistics import AttentiveStatistics


def test_attentive_statistics_equals_the_equation() -> None:
    pooling = shaken(AttentiveStatistics(AttentiveStatistics.Options(), dim=5))
    frames = torch.randn(3, 8, 5) + 3
    lengths = [8, 4, 1]
    valid = torch.arange(8) < torch.tensor(lengths)[:, None]
    pooled = pooling(frames, valid).detach().numpy()
    assert pooled.shape == (3, pooling.pooled_dim) == (3, 10)
    for row, n in enumerate(lengths):
        expected = equations.attentive_statistics(frames[row, :n].double().numpy(), weights(pooling))
        np.testing.assert_allclose(pooled[row], expected, rtol=1e-4)


def test_standard_deviation_survives_a_large_offset() -> None:
    """E[x^2] - E[x]^2 in float32 would lose it: squares near 1e8 are told apart to 8."""
    pooling = AttentiveStatistics(AttentiveStatistics.Options(), dim=1)
    torch.nn.init.zeros_(pooling.score.weight)
    frames = 1e4 + torch.tensor([-1.0, 1.0]).repeat(50).reshape(1, 100, 1)
    pooled = pooling(frames, torch.ones(1, 100, dtype=torch.bool))
    torch.testing.assert_close(pooled[0, 1], torch.tensor(1.0), rtol=1e-2, atol=0)


def test_nan_in_padding_is_not_read() -> None:
    pooling = AttentiveStatistics(AttentiveStatistics.Options(), dim=5)
    frames, valid = torch.randn(1, 6, 5), torch.arange(6)[None] < 4
    garbage = frames.masked_fill(~valid.unsqueeze(-1), float("nan"))
    assert torch.equal(pooling(garbage, valid), pooling(frames, valid))
