from __future__ import annotations

import numpy as np
import pytest
import torch
from reference import equations
from reference.weights import shaken, weights

from msftk_plugins.intra.gated import Gated


def make_gate(*sources: str, **options: object) -> Gated:
    return shaken(Gated(Gated.Options(**options), dim=4, sources=sources))


@pytest.mark.parametrize("gate", ["vector", "scalar"])
def test_pair_equals_equations_3_and_4(gate: str) -> None:
    intra = make_gate("gs", "les", gate=gate)
    assert intra.gate.out_features == (4 if gate == "vector" else 1)
    vectors = torch.randn(3, 2, 4)
    merged = intra(vectors, torch.ones(3, 2, dtype=torch.bool)).detach().numpy()
    for row in range(3):
        h_global, h_local = vectors[row].double().numpy()
        np.testing.assert_allclose(
            merged[row], equations.gated(h_local, h_global, weights(intra)), rtol=1e-5, atol=1e-6
        )


def test_gate_weighs_the_local_source_whatever_the_order() -> None:
    one, other = make_gate("gs", "les"), make_gate("les", "gs")
    other.load_state_dict(one.state_dict())
    vectors = torch.randn(3, 2, 4)
    everyone = torch.ones(3, 2, dtype=torch.bool)
    torch.testing.assert_close(one(vectors, everyone), other(vectors.flip(1), everyone))


def test_gate_of_other_sources_weighs_the_first_or_the_one_named() -> None:
    assert make_gate("words", "phrases").local == 0
    assert make_gate("words", "phrases", local="phrases").local == 1


@pytest.mark.parametrize("sources", [("gs", "les"), ("gs", "les", "more")])
def test_the_only_present_source_passes_through_exactly(sources: tuple[str, ...]) -> None:
    intra = make_gate(*sources)
    n = len(sources)
    vectors = torch.randn(n, n, 4)
    alone = torch.eye(n, dtype=torch.bool)
    garbage = vectors.masked_fill(~alone.unsqueeze(-1), float("nan"))
    assert torch.equal(intra(garbage, alone), vectors[range(n), range(n)])
    assert not intra(garbage, torch.zeros(n, n, dtype=torch.bool)).any()


def test_one_source_is_left_as_it_is() -> None:
    vectors = torch.randn(3, 1, 4)
    assert torch.equal(make_gate("es")(vectors, torch.ones(3, 1, dtype=torch.bool)), vectors[:, 0])


def test_three_sources_are_weighted_by_a_softmax() -> None:
    intra = make_gate("gs", "les", "more")
    vectors = torch.randn(2, 3, 4)
    merged = intra(vectors, torch.ones(2, 3, dtype=torch.bool)).detach().numpy()
    for row in range(2):
        expected = equations.gated_many(vectors[row].double().numpy(), weights(intra))
        np.testing.assert_allclose(merged[row], expected, rtol=1e-5, atol=1e-6)
