from __future__ import annotations

import numpy as np
import pytest
import torch
from reference import equations
from reference.weights import shaken, weights

from msftk_plugins.intra.attention import Attention


def make_attention(*sources: str) -> Attention:
    return shaken(Attention(Attention.Options(hidden=6), dim=4, sources=sources))


@pytest.mark.parametrize("n", [2, 3])
def test_sources_are_weighted_by_the_equation(n: int) -> None:
    intra = make_attention(*"abc"[:n])
    vectors = torch.randn(3, n, 4)
    merged = intra(vectors, torch.ones(3, n, dtype=torch.bool)).detach().numpy()
    for row in range(3):
        expected = equations.attended(vectors[row].double().numpy(), weights(intra))
        np.testing.assert_allclose(merged[row], expected, rtol=1e-5, atol=1e-6)


def test_order_of_sources_changes_nothing() -> None:
    intra, vectors, present = make_attention("gs", "les"), torch.randn(3, 2, 4), torch.ones(3, 2, dtype=torch.bool)
    torch.testing.assert_close(intra(vectors.flip(1), present), intra(vectors, present))


def test_the_only_present_source_passes_through_exactly() -> None:
    intra, vectors, alone = make_attention("gs", "les", "more"), torch.randn(3, 3, 4), torch.eye(3, dtype=torch.bool)
    garbage = vectors.masked_fill(~alone.unsqueeze(-1), float("nan"))
    assert torch.equal(intra(garbage, alone), vectors[range(3), range(3)])
    assert not intra(garbage, torch.zeros(3, 3, dtype=torch.bool)).any()


def test_one_source_is_left_as_it_is() -> None:
    vectors = torch.randn(3, 1, 4)
    assert torch.equal(make_attention("es")(vectors, torch.ones(3, 1, dtype=torch.bool)), vectors[:, 0])
