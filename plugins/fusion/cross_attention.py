"""Cross-attention fusion: meaning asks the frames, or the frames ask meaning; one expert."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from msftk.errors import InputError
from msftk.interfaces import Acoustics, Fusion, FusionOutput, FusionSizes, SemanticGroup
from msftk.models.groups import JoinedGroups, MergeOptions, require_groups


class CrossAttention(Fusion, nn.Module):
    """Multi-head attention between acoustic frames and the joined semantic vector ("Attention" of the paper's Table 2).

    The paper gives neither direction nor sizes. An utterance has one semantic vector, and a softmax over one key is
    always 1, so frames that query it alone would attend to nothing; hence two forms that do not degenerate:

    `query = "semantics"` (default): h_sem queries the frames, and what it hears stands beside the pooled acoustics.
    `query = "frames"`: every frame queries h_sem or nothing (a key of score 0); what it finds is added to the frame,
    and the frames are pooled again.

    Where no group is present, the first gives zeros beside the pooled vector, the second leaves the frames as they are.
    """

    class Options(MergeOptions):
        query: Literal["semantics", "frames"] = Field("semantics", description="which side asks the other")
        hidden: int = Field(128, ge=1, description="width of queries, keys and values, all heads together")
        heads: int = Field(4, ge=1, description="attention heads; divides `hidden`")
        dropout: float = Field(0.1, ge=0, lt=1, description="dropout on what attention gives")

    def __init__(self, options: Options, sizes: FusionSizes) -> None:
        super().__init__()
        require_groups(sizes.groups, "cross-attention")
        if options.hidden % options.heads:
            raise InputError(
                f"fusion.heads is {options.heads}: it does not divide fusion.hidden ({options.hidden}). "
                "Choose a divisor, or another width."
            )
        self.join = JoinedGroups(sizes.groups, options.group_merge)
        semantics_ask = options.query == "semantics"
        self.attention = (SemanticsQueryFrames if semantics_ask else FramesQuerySemantics)(
            sizes.frame_dim, self.join.dim, options.hidden, options.heads, options.dropout
        )
        self.out_dim = sizes.pooled_dim + (options.hidden if semantics_ask else 0)
        self.expert_names = ("joint",)
        self.n_attributes = sizes.n_attributes

    def forward(self, acoustics: Acoustics, groups: Mapping[str, SemanticGroup]) -> FusionOutput:
        h_sem, present = self.join(groups)
        return FusionOutput.single(self.attention(acoustics, h_sem, present), self.n_attributes)


class SemanticsQueryFrames(nn.Module):
    """[pooled; W_o softmax_t(q(h_sem) . k(h_t) / sqrt(d)) v(h_t)], the softmax over valid frames, a head each."""

    def __init__(self, frame_dim: int, semantic_dim: int, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(semantic_dim, hidden)
        self.key = nn.Linear(frame_dim, hidden, bias=False)  # one bias for all keys would leave the softmax unchanged
        self.value = nn.Linear(frame_dim, hidden)
        self.out = nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, acoustics: Acoustics, h_sem: Tensor, present: Tensor) -> Tensor:
        """h_sem [batch, semantic_dim], present [batch] bool -> [batch, pooled_dim + hidden]."""
        frames = acoustics.frames.masked_fill(~acoustics.valid.unsqueeze(-1), 0.0)
        query = self.query(h_sem).unflatten(-1, (self.heads, -1)).unsqueeze(-1)  # [batch, head, d, 1]
        key, value = (_by_head(layer(frames), self.heads) for layer in (self.key, self.value))  # [batch, head, time, d]
        scores = (key @ query).squeeze(-1) / math.sqrt(key.shape[-1])  # [batch, head, time]
        weights = torch.softmax(scores.masked_fill(~acoustics.valid.unsqueeze(1), -torch.inf), dim=-1)
        attended = self.dropout(self.out((weights.unsqueeze(2) @ value).flatten(1)))
        return torch.cat([acoustics.pooled, torch.where(present.unsqueeze(-1), attended, 0.0)], dim=-1)


class FramesQuerySemantics(nn.Module):
    """pool(h_t + W_o a_t v(h_sem)), a_t = softmax of {q(h_t) . k(h_sem) / sqrt(d), 0} = sigmoid, a head each."""

    def __init__(self, frame_dim: int, semantic_dim: int, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(frame_dim, hidden)
        self.key = nn.Linear(semantic_dim, hidden)
        self.value = nn.Linear(semantic_dim, hidden)
        self.out = nn.Linear(hidden, frame_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, acoustics: Acoustics, h_sem: Tensor, present: Tensor) -> Tensor:
        """h_sem [batch, semantic_dim], present [batch] bool -> [batch, pooled_dim]."""
        query = _by_head(self.query(acoustics.frames), self.heads)  # [batch, head, time, d]
        key, value = (layer(h_sem).unflatten(-1, (self.heads, -1)) for layer in (self.key, self.value))
        attention = torch.sigmoid(query @ key.unsqueeze(-1) / math.sqrt(key.shape[-1]))  # [batch, head, time, 1]
        attended = (attention * value.unsqueeze(2)).transpose(1, 2).flatten(2)  # [batch, time, hidden]
        attended = torch.where(present.reshape(-1, 1, 1), self.dropout(self.out(attended)), 0.0)
        return acoustics.pool(acoustics.frames + attended, acoustics.valid)


def _by_head(sequence: Tensor, heads: int) -> Tensor:
    """[batch, time, hidden] -> [batch, head, time, hidden / heads]."""
    return sequence.view(*sequence.shape[:-1], heads, -1).transpose(1, 2)
