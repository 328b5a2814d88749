"""The gate of Eqs. 3-4 against its formula, and what is absent."""

from __future__ import annotations

import torch

from msftk.models.gate import Gate, present_softmax


def test_a_pair_is_weighed_as_in_the_paper() -> None:
    gate = Gate(3, 2, local=1)
    vectors = torch.randn(4, 2, 3)
    h_other, h_local = vectors[:, 0], vectors[:, 1]
    weight = torch.sigmoid(gate.gate(torch.cat([h_local, h_other], dim=-1)))
    expected = weight * h_local + (1 - weight) * h_other
    torch.testing.assert_close(gate(vectors, torch.ones(4, 2, dtype=torch.bool)), expected)


def test_one_present_passes_through_and_none_gives_zeros() -> None:
    for n in (1, 2, 3):
        gate, vectors = Gate(3, n), torch.randn(2, n, 3)
        present = torch.zeros(2, n, dtype=torch.bool)
        present[0, n - 1] = True
        out = gate(vectors, present)
        torch.testing.assert_close(out[0], vectors[0, n - 1])
        assert out[1].abs().max() == 0


def test_a_scalar_gate_weighs_all_dimensions_alike() -> None:
    assert Gate(5, 2, scalar=True).gate.out_features == 1
    assert Gate(5, 3, scalar=True).gate.out_features == 3
    assert Gate(5, 3).gate.out_features == 15


def test_the_softmax_over_what_is_present_sums_to_one_and_is_finite_without_any() -> None:
    present = torch.tensor([[True, False, True], [False, False, False]])
    weights = present_softmax(torch.randn(2, 3), present)
    assert weights[0, 1] == 0
    torch.testing.assert_close(weights[0].sum(), torch.tensor(1.0))
    assert torch.isfinite(weights).all()


def test_its_weights_are_what_it_weighs_by() -> None:
    for n, local in ((1, 0), (2, 0), (2, 1), (3, 0)):
        gate, vectors = Gate(4, n, scalar=True, local=local), torch.randn(6, n, 4)
        present = torch.rand(6, n) < 0.7
        present[:, 0] |= ~present.any(dim=1)
        vectors = vectors.masked_fill(~present.unsqueeze(-1), 0.0)
        weights = gate.shares(vectors, present)
        torch.testing.assert_close((weights.unsqueeze(-1) * vectors).sum(dim=1), gate(vectors, present))
        assert (weights[~present] == 0).all()
        torch.testing.assert_close(weights.sum(dim=1), torch.ones(6))
