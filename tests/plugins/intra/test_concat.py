from __future__ import annotations

import numpy as np
import torch
from reference import equations
from reference.weights import shaken, weights

from msftk_plugins.intra.concat import Concat


def make_concat(*sources: str) -> Concat:
    return shaken(Concat(Concat.Options(), dim=4, sources=sources))


def test_sources_side_by_side_are_projected_with_zeros_for_the_absent() -> None:
    intra, vectors = make_concat("gs", "les"), torch.randn(2, 2, 4)
    present = torch.tensor([[True, True], [True, False]])
    merged = intra(vectors.masked_fill(~present[..., None], float("nan")), present).detach().numpy()
    for row in range(2):
        known = (vectors[row] * present[row, :, None]).double().numpy().reshape(-1)
        np.testing.assert_allclose(
            merged[row], equations.linear(known, weights(intra), "projection"), rtol=1e-5, atol=1e-6
        )


def test_one_source_is_left_as_it_is() -> None:
    vectors = torch.randn(3, 1, 4)
    assert torch.equal(make_concat("es")(vectors, torch.ones(3, 1, dtype=torch.bool)), vectors[:, 0])
