"""Gated intra-modal fusion: a learned gate between the semantic sources of one group."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from msftk.interfaces import Options as BaseOptions


class Gated(nn.Module):
    """h_sem = gate * h_local + (1 - gate) * h_global, gate = sigmoid(W [h_local; h_global] + b) (paper Eqs. 3-4).

    The paper leaves the gate's size open: here one value a dimension, or one in all (`gate = "scalar"`). Which source
    is local is told by name, not by position. One source passes through; for more than two the sigmoid becomes a
    softmax over sources. An absent source is left out exactly: one present passes through, none gives zeros.
    """

    class Options(BaseOptions):
        gate: Literal["vector", "scalar"] = Field("vector", description="a gate for each dimension, or one")
        local: str = Field("les", description="the source that the gate multiplies in a pair; else the first one is")

    def __init__(self, options: Options, dim: int, sources: tuple[str, ...]) -> None:
        super().__init__()
        n = len(sources)
        self.local = sources.index(options.local) if options.local in sources else 0
        self.width = dim if options.gate == "vector" else 1
        n_gates = {1: 0, 2: 1}.get(n, n)
        self.gate = nn.Linear(n * dim, n_gates * self.width) if n_gates else None  # W, b of Eq. 4

    def forward(self, vectors: Tensor, present: Tensor) -> Tensor:
        """vectors [batch, n, dim], present [batch, n] bool -> [batch, dim]."""
        vectors = vectors.masked_fill(~present.unsqueeze(-1), 0.0)
        if self.gate is None:
            return vectors[:, 0]
        if vectors.shape[1] == 2:
            return self._pair(vectors, present)
        logits = self.gate(vectors.flatten(1)).unflatten(1, (-1, self.width))  # [batch, n, dim or 1]
        # a finite floor, not -inf: with no source present the softmax must not be NaN
        logits = logits.masked_fill(~present.unsqueeze(-1), torch.finfo(logits.dtype).min)
        return (torch.softmax(logits, dim=1) * vectors).sum(dim=1)

    def _pair(self, vectors: Tensor, present: Tensor) -> Tensor:
        h_local, h_global = vectors[:, self.local], vectors[:, 1 - self.local]
        gate = torch.sigmoid(self.gate(torch.cat([h_local, h_global], dim=-1)))  # Eq. 4
        alone = present[:, self.local].to(gate.dtype).unsqueeze(-1)  # 1 or 0: all of what is there
        gate = torch.where(present.all(dim=1, keepdim=True), gate, alone)
        return gate * h_local + (1 - gate) * h_global  # Eq. 3
