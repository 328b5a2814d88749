"""The written-out wav2vec 2.0 and WavLM say what those of transformers say, on the same weights, padded or not."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from torch import nn
from transformers import Wav2Vec2Config, Wav2Vec2Model, WavLMConfig, WavLMModel

from msftk_plugins.acoustic.compiling import Compiling
from msftk_plugins.acoustic.model_config import unset
from msftk_plugins.acoustic.padding import within
from msftk_plugins.acoustic.wave_model import WaveModel, wave_model
from msftk_plugins.acoustic.waveforms import Waveforms
from msftk_plugins.acoustic.wavlm.layers import WaveLayers

SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "conv_dim": [16] * 7,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 4,
    "apply_spec_augment": False,
}
STABLE = {"do_stable_layer_norm": True, "feat_extract_norm": "layer", "conv_bias": True}
KINDS = {"wav2vec2": (Wav2Vec2Config, Wav2Vec2Model), "wavlm": (WavLMConfig, WavLMModel)}


def theirs(kind: str, stable: bool) -> Any:
    config, model = KINDS[kind]
    torch.manual_seed(0)
    made = model(config(**SIZES, **(STABLE if stable else {}))).eval()
    for own in made.parameters():  # biases that are zero, and norms that are one, hide mistakes
        own.data += 0.05 * torch.randn_like(own)
    return made


def ours(model: Any) -> WaveModel:
    made: WaveModel = unset(wave_model, json.loads(model.config.to_json_string(use_diff=False)))
    made.load_state_dict(model.state_dict())
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stable", [True, False])
@torch.no_grad()
def test_its_states_are_those_of_transformers(kind: str, stable: bool) -> None:
    model = theirs(kind, stable)
    lengths = torch.tensor([9_000, 6_000]) if stable else torch.tensor([9_000, 9_000])
    samples = torch.randn(2, 9_000).masked_fill(~within(lengths, 9_000), 0.0)
    mask = within(lengths, 9_000).long()
    expected = model(samples, attention_mask=mask, output_hidden_states=True)
    own = ours(model)
    front = Waveforms(own.config, own.feature_extractor, Compiling("off"))
    n_frames = front.n_frames(lengths)
    layers = WaveLayers(own, "sdpa", Compiling("off"))
    own.eval()
    states = list(layers.states(front.features(samples, lengths), n_frames))
    inside = within(n_frames, states[0].shape[1])
    for found, state in zip(states[:-1], expected.hidden_states, strict=False):
        torch.testing.assert_close(found[inside], state[inside], atol=2e-5, rtol=1e-5)
    torch.testing.assert_close(
        layers.last(states[-1])[inside], expected.last_hidden_state[inside], atol=2e-5, rtol=1e-5
    )


@pytest.mark.parametrize("other", [{"hidden_act": "relu"}, {"adapter_attn_dim": 16}, {"model_type": "hubert"}])
def test_another_model_is_left_to_transformers(other: dict[str, Any]) -> None:
    assert wave_model({"model_type": "wav2vec2", **SIZES, **other}) is None


def test_what_a_configuration_leaves_out_is_as_transformers_has_it() -> None:
    for kind, (config, _) in KINDS.items():
        made = unset(wave_model, {"model_type": kind, **SIZES}).config
        usual = config(**SIZES).to_dict()
        known = {name: value for name, value in vars(made).items() if name in usual}
        assert known == {
            name: list(usual[name]) if name.startswith("conv_") and name != "conv_bias" else usual[name]
            for name in known
        }


def test_layers_computed_twice_have_the_same_gradient() -> None:
    model = ours(theirs("wavlm", stable=True))
    layers = WaveLayers(model, "sdpa", Compiling("off"))
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    gradients = []
    model.config.layerdrop = 0.0
    for layer in model.encoder.layers:
        layer.attention.dropout = 0.0
    features, n_frames = torch.randn(1, 16, 20), torch.tensor([20])
    for _ in range(2):
        model.zero_grad()
        list(layers.states(features, n_frames))[-1].square().sum().backward()
        weight = model.encoder.layers[0].feed_forward.output_dense.weight
        assert weight.grad is not None
        gradients.append(weight.grad.clone())
        model.gradient_checkpointing_enable({})
    torch.testing.assert_close(*gradients)
