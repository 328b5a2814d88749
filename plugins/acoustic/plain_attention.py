"""Self-attention of an encoder by torch's scaled_dot_product_attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


class PlainAttention(nn.Module):
    """Each frame's weighted mean of all frames; the names of parameters are those of transformers."""

    def __init__(self, size: int, n_heads: int, dropout: float, *, key_bias: bool = True) -> None:
        super().__init__()
        self.num_heads, self.dropout = n_heads, dropout
        self.k_proj = nn.Linear(size, size, bias=key_bias)
        self.v_proj = nn.Linear(size, size)
        self.q_proj = nn.Linear(size, size)
        self.out_proj = nn.Linear(size, size)

    def add_positions(self, num_buckets: int, max_distance: int, *, with_table: bool) -> None:
        """WavLM's gate for relative positions, and in the first layer their table: `GatedAttention` reads them."""
        self.num_buckets, self.max_distance = num_buckets, max_distance
        self.gru_rel_pos_const = nn.Parameter(torch.empty(1, self.num_heads, 1, 1))
        self.gru_rel_pos_linear = nn.Linear(self.q_proj.in_features // self.num_heads, 8)
        if with_table:
            table = torch.empty(num_buckets, self.num_heads)
            self.rel_attn_embed = nn.Embedding.from_pretrained(table, freeze=False)

    def forward(
        self,
        hidden: Tensor,
        attention_mask: Tensor | None = None,
        position_bias: Tensor | None = None,
        n_queries: int | None = None,
    ) -> tuple[Tensor, None, Tensor | None]:
        """hidden [batch, time, dim] -> what its first `n_queries` (None: all) hear; see `mask`."""
        by_head = (self.num_heads, -1)
        query, key, value = (
            project(heard).unflatten(-1, by_head).transpose(1, 2)
            for project, heard in (
                (self.q_proj, hidden[:, :n_queries]),
                (self.k_proj, hidden),
                (self.v_proj, hidden),
            )
        )
        mixed = scaled_dot_product_attention(
            query, key, value, attention_mask, dropout_p=self.dropout if self.training else 0.0
        )
        return self.out_proj(mixed.transpose(1, 2).flatten(-2)), None, position_bias


def mask(n_frames: Tensor, n: int) -> Tensor | None:
    """n_frames [batch] -> [batch, 1, 1, key] bool: which keys are heard; None where all are (not in a graph)."""
    if not torch.compiler.is_compiling() and bool((n_frames >= n).all()):
        return None
    return (torch.arange(n, device=n_frames.device) < n_frames.unsqueeze(1))[:, None, None]
