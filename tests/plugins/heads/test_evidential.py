from __future__ import annotations

import numpy as np
import torch
from reference.weights import shaken

from msftk import testing
from msftk.models.answers import answer
from msftk.types import ATTRIBUTES
from msftk_plugins.heads.evidential import START_SPREAD, Evidential


def head(dim: int = 4) -> Evidential:
    return Evidential(Evidential.Options(hidden=5), dim=dim, attributes=ATTRIBUTES)


def test_it_keeps_the_contract_of_heads() -> None:
    testing.check_head("evidential")


def test_evidence_of_one_expert_is_its_own() -> None:
    made = shaken(head())
    said = answer(made, torch.randn(6, 1, 4), torch.ones(1, 3, 1))
    for name, values in said.outputs.items():
        torch.testing.assert_close(values, said.experts[name][:, 0], rtol=1e-5, atol=1e-6, msg=name)
    alpha, beta, nu = (said.outputs[name].detach() for name in ("alpha", "beta", "nu"))
    torch.testing.assert_close(said.outputs["aleatoric"] ** 2, beta / (alpha - 1))
    torch.testing.assert_close(said.outputs["epistemic"] ** 2, beta / (nu * (alpha - 1)))


def test_evidence_of_several_experts_has_the_moments_of_their_mixture() -> None:
    said = answer(shaken(head()), torch.randn(1, 3, 4), torch.tensor([[[0.2, 0.3, 0.5]] * 3]))
    weights, noise = torch.tensor([0.2, 0.3, 0.5]).numpy(), np.random.default_rng(0)
    expert = noise.choice(3, 400_000, p=weights / weights.sum())
    for column in range(3):
        value, aleatoric, epistemic = (
            said.experts[name][0, :, column].detach().numpy()[expert] for name in ("value", "aleatoric", "epistemic")
        )
        means = value + epistemic * noise.normal(size=len(expert))  # only moments are compared
        np.testing.assert_allclose(said.outputs["value"][0, column].item(), means.mean(), atol=5e-2)
        np.testing.assert_allclose(said.outputs["epistemic"][0, column].item(), means.std(), rtol=2e-2)
        np.testing.assert_allclose(said.outputs["aleatoric"][0, column].item() ** 2, (aleatoric**2).mean(), rtol=2e-2)


def test_it_starts_with_people_a_point_apart() -> None:
    said = answer(head().eval(), torch.zeros(1, 1, 4), torch.ones(1, 3, 1))
    assert (said.outputs["aleatoric"] / START_SPREAD - 1).abs().max() < 1  # weights are random
