from __future__ import annotations

import numpy as np
import torch
from reference import equations
from reference.weights import shaken, weights

from msftk.types import ATTRIBUTES
from msftk_plugins.heads.regression import Regression


def test_head_equals_its_equation_for_every_expert_and_attribute() -> None:
    head = shaken(Regression(Regression.Options(hidden=5), dim=4, attributes=ATTRIBUTES))
    experts = torch.randn(2, 3, 4)
    values = head(experts)["value"].detach().numpy()
    assert values.shape == (2, 3, 3)
    for row in range(2):
        for k in range(3):
            expert = experts[row, k].double().numpy()
            expected = [equations.head(expert, weights(head), name) for name in ATTRIBUTES]
            np.testing.assert_allclose(values[row, k], expected, rtol=1e-5, atol=1e-6)


def test_attributes_are_kept_by_name() -> None:
    head = shaken(Regression(Regression.Options(hidden=5), dim=4, attributes=("arousal", "valence")))
    other = Regression(Regression.Options(hidden=5), dim=4, attributes=("valence", "arousal")).eval()
    other.load_state_dict(head.state_dict())
    experts = torch.randn(2, 1, 4)
    assert torch.equal(other(experts)["value"], head(experts)["value"].flip(-1))


def test_dropout_is_half_before_the_last_layer() -> None:
    head = Regression(Regression.Options(), dim=4, attributes=ATTRIBUTES)
    assert head.regressions["valence"][3].p == 0.5


def test_rescaled_head_says_what_it_said_scaled_and_shifted() -> None:
    head = Regression(Regression.Options(), dim=4, attributes=ATTRIBUTES).eval()
    scale, shift, experts = torch.tensor([0.5, 2.0, 30.0]), torch.tensor([0.1, -0.2, 0.3]), torch.randn(5, 2, 4)
    with torch.no_grad():
        before = head(experts)["value"]
        head.rescale(scale, shift)
        torch.testing.assert_close(head(experts)["value"], scale * before + shift, rtol=1e-5, atol=1e-6)
