"""emotion2vec on tensors of the published names says what its public code computes, padded or not, and learns.

The computation below follows FunASR's funasr/models/emotion2vec, and uses nothing of msftk.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tiny_emotion2vec import AUDIO, BLOCKS, DIM, EXTRA, GROUPS, HEADS, PLACES, PRENET, STRIDES, WIDTH, published
from torch import Tensor
from torch.nn.functional import conv1d, gelu, layer_norm, linear

from msftk import testing
from msftk.registry import registry
from msftk.types import Float32
from msftk_plugins.acoustic.emotion2vec import slopes


def computed(tensors: dict[str, Tensor], waveform: Float32) -> Tensor:
    """[time, dim] of one recording, as the public code computes it."""

    def dense(name: str, x: Tensor) -> Tensor:
        return linear(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    def normed(name: str, x: Tensor) -> Tensor:
        return layer_norm(x, x.shape[-1:], tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    samples = torch.from_numpy(waveform)
    x = layer_norm(samples, samples.shape)[None, None]
    for k, stride in enumerate(STRIDES):
        own = f"{AUDIO}local_encoder.conv_layers.{k}"
        x = gelu(normed(f"{own}.2.1", conv1d(x, tensors[f"{own}.0.weight"], stride=stride).transpose(1, 2))).transpose(
            1, 2
        )
    x = dense(f"{AUDIO}project_features.2", normed(f"{AUDIO}project_features.1", x.transpose(1, 2)))
    placed = x.transpose(1, 2)
    for k in range(PLACES):
        own = f"{AUDIO}relative_positional_encoder.{k + 1}.0"
        placed = conv1d(placed, tensors[f"{own}.weight"], tensors[f"{own}.bias"], padding=WIDTH // 2, groups=GROUPS)
        placed = gelu(layer_norm(placed.transpose(1, 2), (DIM,))).transpose(1, 2)
    x = torch.cat([tensors[f"{AUDIO}extra_tokens"], x + placed.transpose(1, 2)], dim=1)
    n = x.shape[1]
    bias = torch.zeros(1, HEADS, n, n)
    for head, slope in enumerate((1 / 16, 1 / 256, 1 / 4)):  # of two heads, then every second one of four
        for q in range(EXTRA, n):
            for k in range(EXTRA, n):
                bias[0, head, q, k] = -abs(q - k) * slope
    bias = bias * tensors[f"{AUDIO}alibi_scale"].clamp(min=0)[0]
    x = normed(f"{AUDIO}context_encoder.norm", x)
    names = [f"{AUDIO}context_encoder.blocks.{k}" for k in range(PRENET)] + [f"blocks.{k}" for k in range(BLOCKS)]
    for own in names:
        q, k, v = dense(f"{own}.attn.qkv", x).reshape(1, n, 3, HEADS, DIM // HEADS).permute(2, 0, 3, 1, 4)
        weight = (q * (DIM // HEADS) ** -0.5 @ k.transpose(-2, -1) + bias).softmax(-1)
        x = normed(f"{own}.norm1", x + dense(f"{own}.attn.proj", (weight @ v).transpose(1, 2).reshape(1, n, DIM)))
        x = normed(f"{own}.norm2", x + dense(f"{own}.mlp.fc2", gelu(dense(f"{own}.mlp.fc1", x))))
    return x[0, EXTRA:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("emotion2vec")
    save_file(published(), place / "model.safetensors")
    return place


@torch.no_grad()
def test_it_says_what_the_public_code_computes_padded_or_not(folder: Path) -> None:
    encoder = registry().create("acoustic-encoder", "emotion2vec", {"model": str(folder)}).eval()
    noise = np.random.default_rng(0)
    waveforms = [noise.normal(0.1, 0.1, n).astype(np.float32) for n in (9_000, 5_321)]
    prepared = [torch.from_numpy(encoder.prepare(one, None)) for one in waveforms]
    inputs = torch.nn.utils.rnn.pad_sequence(prepared, batch_first=True)
    frames, valid = encoder(inputs, torch.tensor([len(one) for one in prepared]))
    for waveform, own, heard in zip(waveforms, frames, valid, strict=True):
        torch.testing.assert_close(own[heard], computed(published(), waveform), atol=1e-5, rtol=1e-5)


def test_it_keeps_the_contract_of_encoders(folder: Path) -> None:
    testing.check_acoustic_encoder("emotion2vec", model=str(folder))


def test_slopes_are_those_of_alibi() -> None:
    assert slopes(8) == [2.0**-k for k in range(1, 9)]
    assert slopes(3) == [1 / 16, 1 / 256, 1 / 4]
