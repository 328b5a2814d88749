"""The frozen convolutions without graph: in half precision on a card, in float32 as matrix products on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv1d, layer_norm

from msftk_plugins.acoustic.compiling import Compiling

BLOCK = 2**19  # float32 numbers, 1024 frames of 512 channels: 2 MiB, which the second-level cache of a core holds


@torch.no_grad()
def normed_features(front_end: Any, samples: Tensor, compiling: Compiling) -> Tensor:
    """samples [batch, n] float32 -> [batch, conv_dim, time]; a LayerNorm over channels follows each convolution.

    Under autocast in its dtype: one rounding where autocast makes two copies and four casts. On a CPU in float32: with
    channels side by side, as the LayerNorms want them, and block by block, so that a block never leaves the cache.
    """
    kind = samples.device.type
    if not torch.is_autocast_enabled(kind):
        features: Tensor = _by_products(front_end, samples) if kind == "cpu" else front_end(samples)
        return features
    dtype = torch.get_autocast_dtype(kind)
    run = _compiled() if compiling.on else _convolve
    with torch.autocast(kind, enabled=False):
        return run(front_end, samples.to(dtype))


@cache
def _compiled() -> Callable[[Any, Tensor], Tensor]:
    return torch.compile(_convolve, dynamic=True)


def _convolve(front_end: Any, samples: Tensor) -> Tensor:
    hidden = samples.unsqueeze(1)
    for layer in front_end.conv_layers:
        hidden = _normed(layer, _convolved(layer, hidden))
    return hidden


def _by_products(front_end: Any, samples: Tensor) -> Tensor:
    layers = [(layer, _weights(layer.conv)) for layer in front_end.conv_layers]
    heard = []
    for hidden in samples.unsqueeze(-1):
        for layer, weights in layers:
            hidden = _one_layer(layer, weights, hidden.contiguous())
        heard.append(hidden)
    return torch.stack(heard).transpose(1, 2)


def _weights(conv: Any) -> list[Tensor]:
    """The kernel in parts of `stride` places, [places x channels in, channels] each."""
    return [part.flatten(0, 1) for part in conv.weight.permute(2, 1, 0).split(conv.stride[0])]


def _one_layer(layer: Any, weights: list[Tensor], hidden: Tensor) -> Tensor:
    """hidden [time, channels in] -> [fewer, channels], normed and activated.

    `stride` neighbours in time are one row of a matrix, for they lie side by side; so the sum over `kernel` of them is
    the product of that matrix and the first `stride` weights, and of the matrix one row on and the next weights.
    """
    (kernel,), (stride,), (n, n_in) = layer.conv.kernel_size, layer.conv.stride, hidden.shape
    n_out, bias, norm = (n - kernel) // stride + 1, layer.conv.bias, layer.layer_norm
    out = hidden.new_empty(n_out, layer.conv.out_channels)
    n_block = max(1, BLOCK // layer.conv.out_channels)
    for begin in range(0, n_out, n_block):
        block = out[begin : begin + n_block]
        block.zero_() if bias is None else block.copy_(bias.expand_as(block))
        for place, weight in enumerate(weights, start=begin):
            shape = (min(n_block, n_out - begin), weight.shape[0])
            block.addmm_(hidden[place * stride :].as_strided(shape, (stride * n_in, 1)), weight)
        block.copy_(layer.activation(layer_norm(block, norm.normalized_shape, norm.weight, norm.bias, norm.eps)))
    return out


def _convolved(layer: Any, hidden: Tensor) -> Tensor:
    conv = layer.conv
    bias = None if conv.bias is None else conv.bias.to(hidden.dtype)
    return conv1d(hidden, conv.weight.to(hidden.dtype), bias, conv.stride)


def _normed(layer: Any, hidden: Tensor) -> Tensor:
    """[batch, channels, time], normed over channels, then the layer's activation."""
    norm, dtype = layer.layer_norm, hidden.dtype
    across = (norm.normalized_shape, norm.weight.to(dtype), norm.bias.to(dtype), norm.eps)
    normed: Tensor = layer.activation(layer_norm(hidden.transpose(1, 2), *across)).transpose(1, 2)
    return normed
