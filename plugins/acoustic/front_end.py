"""The frozen convolutions without graph: in half precision on a card, in float32 by blocks of the cache on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv1d, layer_norm

from msftk_plugins.acoustic.compiling import Compiling

BLOCK_FRAMES = 128  # of 512 float32 channels: 256 KiB, which the second-level cache of a core holds


@torch.no_grad()
def normed_features(front_end: Any, samples: Tensor, compiling: Compiling) -> Tensor:
    """samples [batch, n] float32 -> [batch, conv_dim, time]; a LayerNorm over channels follows each convolution.

    Under autocast in its dtype: one rounding where autocast makes two copies and four casts. On a CPU in float32: a
    LayerNorm over channels that lie far apart in memory goes block by block, so that turning them costs no main memory.
    """
    kind = samples.device.type
    if not torch.is_autocast_enabled(kind):
        features: Tensor = _in_blocks(front_end, samples) if kind == "cpu" else front_end(samples)
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


def _in_blocks(front_end: Any, samples: Tensor) -> Tensor:
    hidden = samples.unsqueeze(1)
    for layer in front_end.conv_layers:
        hidden = _convolved(layer, hidden)
        for utterance in hidden.unsqueeze(1):
            for block in utterance.split(BLOCK_FRAMES, dim=-1):
                block.copy_(_normed(layer, block))
    return hidden


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
