"""The frozen convolutions in half precision: no graph, one rounding where autocast makes two copies and four casts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv1d, layer_norm

from msftk_plugins.acoustic.compiling import Compiling


@torch.no_grad()
def half_features(front_end: Any, samples: Tensor, compiling: Compiling) -> Tensor:
    """samples [batch, n] float32 -> [batch, conv_dim, time] in autocast's dtype; a LayerNorm follows each of them."""
    kind = samples.device.type
    dtype = torch.get_autocast_dtype(kind)
    run = _compiled() if compiling.on else _convolve
    with torch.autocast(kind, enabled=False):
        return run(front_end, samples.to(dtype))


@cache
def _compiled() -> Callable[[Any, Tensor], Tensor]:
    return torch.compile(_convolve, dynamic=True)


def _convolve(front_end: Any, samples: Tensor) -> Tensor:
    hidden, dtype = samples.unsqueeze(1), samples.dtype
    for layer in front_end.conv_layers:
        conv, norm = layer.conv, layer.layer_norm
        bias = None if conv.bias is None else conv.bias.to(dtype)
        hidden = conv1d(hidden, conv.weight.to(dtype), bias, conv.stride).transpose(1, 2)
        hidden = layer_norm(hidden, norm.normalized_shape, norm.weight.to(dtype), norm.bias.to(dtype), norm.eps)
        hidden = layer.activation(hidden.transpose(1, 2))
    return hidden
