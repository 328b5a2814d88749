"""Gated attention by torch's scaled_dot_product_attention: everywhere, with the bias written out as its mask.

With dropout torch has no kernel for that on a CPU: there its steps are taken one by one, with our cheaper dropout."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from msftk_plugins.acoustic.dropout import dropped, is_cheaper


def positions(table: Tensor) -> Tensor:
    """[head, 2 n - 1] by distance -> [head, query, key]."""
    n = (table.shape[1] + 1) // 2
    if torch.compiler.is_compiling():  # ONNX knows no view whose size depends on the input
        place = torch.arange(n, device=table.device)
        return table[:, place - place.unsqueeze(1) + n - 1]
    return table.unfold(1, n, 1).flip(1)


def mask(n_frames: Tensor, n: int) -> Tensor:
    """n_frames [batch] -> [batch, 1, 1, key]: what is added to a score, 0, or -inf where the key is padding."""
    padded = torch.arange(n, device=n_frames.device) >= n_frames.view(-1, 1, 1, 1)
    return torch.zeros(padded.shape, device=n_frames.device).masked_fill_(padded, -torch.inf)


def attend(
    query: Tensor, key: Tensor, value: Tensor, gate: Tensor, positions: Tensor, mask: Tensor, dropout: float
) -> Tensor:
    """query, key, value [batch, time, head, dim], gate [batch, time, head] -> [batch, time, head, dim]."""
    bias = torch.addcmul(mask, gate.transpose(1, 2).unsqueeze(-1), positions)  # [batch, head, query, key]
    q, k, v = (part.transpose(1, 2) for part in (query, key, value))
    if is_cheaper(q, dropout):
        scaled = (q * q.shape[-1] ** -0.5).flatten(0, 1)
        scores = torch.baddbmm(bias.to(q.dtype).flatten(0, 1), scaled, k.flatten(0, 1).transpose(1, 2))
        weights = dropped(torch.softmax(scores, dim=-1), dropout)
        return torch.bmm(weights, v.flatten(0, 1)).view(q.shape).transpose(1, 2)
    return scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype), dropout_p=dropout).transpose(1, 2)
