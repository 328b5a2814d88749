"""WavLM's self-attention with gated relative positions (Chen et al. 2022), over a loaded model."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear


class GatedAttention(nn.Module):
    """Takes the place of a transformers `WavLMAttention`: the same parameters under the same names, other arithmetic.

    score[q, k] = query[q] . key[k] / sqrt(dim) + gate[q] * table[k - q]; the gate is read off the layer's input, the
    table is learned, one value a head and distance. Projections are called, so an adapter on them is heard. `attend`
    is what computes it: that of `sdpa` or of `kernel`.
    """

    q_proj: nn.Linear
    k_proj: nn.Linear
    v_proj: nn.Linear
    out_proj: nn.Linear
    gru_rel_pos_linear: nn.Linear
    gru_rel_pos_const: nn.Parameter
    rel_attn_embed: nn.Embedding  # of the first layer alone

    def __init__(self, theirs: Any, attend: Callable[..., Tensor]) -> None:
        super().__init__()
        self.attend = attend
        self.n_heads, self.dropout = theirs.num_heads, theirs.dropout
        self.num_buckets, self.max_distance = theirs.num_buckets, theirs.max_distance
        self.gru_rel_pos_const = theirs.gru_rel_pos_const
        for name, part in theirs.named_children():
            self.add_module(name, part)

    def table(self, n: int) -> Tensor:
        """[head, 2 n - 1]: the bias at distances key - query of -(n - 1) to n - 1; only the first layer has it."""
        distances = torch.arange(1 - n, n, device=self.rel_attn_embed.weight.device)
        values: Tensor = self.rel_attn_embed(buckets(distances, self.num_buckets, self.max_distance))
        return values.T

    def gate(self, heads: Tensor) -> Tensor:
        """heads [batch, time, head, dim] -> [batch, time, head]: how much each frame asks where the others stand.

        The model adds up four outputs for each half of the gate; adding up their weights first gives the same.
        """
        weight = self.gru_rel_pos_linear.weight.unflatten(0, (2, 4)).sum(1)
        bias = self.gru_rel_pos_linear.bias.unflatten(0, (2, 4)).sum(1)
        update, reset = torch.sigmoid(linear(heads, weight, bias)).unbind(-1)
        return update * (reset * self.gru_rel_pos_const.view(-1) - 1.0) + 2.0

    def forward(
        self, hidden_states: Tensor, attention_mask: Tensor, position_bias: Tensor, index: int = 0
    ) -> tuple[Tensor, None, Tensor]:
        """hidden_states [batch, time, dim] -> the same; mask and positions as the form makes them."""
        by_head = (self.n_heads, -1)
        mixed = self.attend(
            self.q_proj(hidden_states).unflatten(-1, by_head),
            self.k_proj(hidden_states).unflatten(-1, by_head),
            self.v_proj(hidden_states).unflatten(-1, by_head),
            self.gate(hidden_states.unflatten(-1, by_head)),
            position_bias,
            attention_mask,
            self.dropout if self.training else 0.0,
        )
        return self.out_proj(mixed.flatten(-2)), None, position_bias


def buckets(distances: Tensor, num_buckets: int, max_distance: int) -> Tensor:
    """Distances (key - query) in frames -> bucket: half for each direction, exact when near, logarithmic when far."""
    half = num_buckets // 2
    exact = half // 2
    far = torch.log(distances.abs().clamp(min=1).float() / exact) / math.log(max_distance / exact) * (half - exact)
    bucket = torch.where(distances.abs() < exact, distances.abs(), (exact + far.long()).clamp(max=half - 1))
    return bucket + (distances > 0) * half
