"""A model that is only described takes the tensors it is given; one that has weights copies them."""

from __future__ import annotations

import json

import torch
from torch import nn

from msftk_plugins.acoustic.model_config import Checkpointed, Described, ModelConfig, checkpoint_layers, unset


class Linear(Described, nn.Linear):
    pass


def test_what_is_described_takes_the_tensors_in_float32() -> None:
    made = unset(lambda sizes: Linear(sizes["n"], 2), {"n": 3})
    assert made.weight.is_meta
    given = {"weight": torch.randn(2, 3), "bias": torch.randn(2).half()}
    made.load_state_dict(given)
    assert made.weight.data_ptr() == given["weight"].data_ptr()
    assert made.bias.dtype == torch.float32
    drawn = Linear(3, 2)
    drawn.load_state_dict(given)
    assert drawn.weight.data_ptr() != given["weight"].data_ptr()
    torch.testing.assert_close(drawn.weight.data, given["weight"])


def test_a_configuration_is_written_as_it_was_read() -> None:
    assert json.loads(ModelConfig(model_type="wavlm", sizes=[1, 2]).to_json_string()) == {
        "model_type": "wavlm",
        "sizes": [1, 2],
    }


class Counted(Checkpointed):
    calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return x.exp()


def test_a_checkpointed_layer_is_computed_again_for_its_gradient_alone() -> None:
    layer, x = Counted(), torch.ones(2, requires_grad=True)
    checkpoint_layers([layer])
    layer(x).sum().backward()
    assert layer.calls == 2
    layer.eval()(x).sum().backward()
    assert layer.calls == 3
