"""A learned gate between several vectors of one size: of the sources of a group, or of groups."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Gate(nn.Module):
    """h = gate * h_local + (1 - gate) * h_other, gate = sigmoid(W [h_local; h_other] + b) (paper Eqs. 3-4).

    `local` is the place of the vector that the gate multiplies in a pair. One vector passes through; for more than two
    the sigmoid becomes a softmax over them. An absent vector is left out exactly: one present passes through, none
    gives zeros.
    """

    def __init__(self, dim: int, n: int, *, scalar: bool = False, local: int = 0) -> None:
        super().__init__()
        self.local = local
        self.width = 1 if scalar else dim
        n_gates = {1: 0, 2: 1}.get(n, n)
        self.gate = nn.Linear(n * dim, n_gates * self.width) if n_gates else None  # W, b of Eq. 4

    def forward(self, vectors: Tensor, present: Tensor) -> Tensor:
        """vectors [batch, n, dim], present [batch, n] bool -> [batch, dim]."""
        vectors = vectors.masked_fill(~present.unsqueeze(-1), 0.0)
        if self.gate is None:
            return vectors[:, 0]
        if vectors.shape[1] == 2:
            return self._pair(self.gate, vectors, present)
        logits = self.gate(vectors.flatten(1)).unflatten(1, (-1, self.width))  # [batch, n, dim or 1]
        return (present_softmax(logits, present) * vectors).sum(dim=1)

    def _pair(self, gate: nn.Linear, vectors: Tensor, present: Tensor) -> Tensor:
        h_local, h_global = vectors[:, self.local], vectors[:, 1 - self.local]
        share = self._share(gate, vectors, present)
        return share * h_local + (1 - share) * h_global  # Eq. 3

    def _share(self, gate: nn.Linear, vectors: Tensor, present: Tensor) -> Tensor:
        """Of the local one of a pair [batch, dim or 1]."""
        h_local, h_global = vectors[:, self.local], vectors[:, 1 - self.local]
        share = torch.sigmoid(gate(torch.cat([h_local, h_global], dim=-1)))  # Eq. 4
        alone = present[:, self.local].to(share.dtype).unsqueeze(-1)  # 1 or 0: all of what is there
        return torch.where(present.all(dim=1, keepdim=True), share, alone)

    def shares(self, vectors: Tensor, present: Tensor) -> Tensor:
        """How much of each vector `forward` takes [batch, n], the mean over dimensions of a gate that has one each."""
        vectors = vectors.masked_fill(~present.unsqueeze(-1), 0.0)
        if self.gate is None:
            return present.to(vectors.dtype)
        if vectors.shape[1] == 2:
            local = self._share(self.gate, vectors, present).mean(dim=-1)
            pair = [local, 1 - local] if self.local == 0 else [1 - local, local]
            return torch.stack(pair, dim=1) * present.any(dim=1, keepdim=True)
        logits = self.gate(vectors.flatten(1)).unflatten(1, (-1, self.width))
        return present_softmax(logits, present).mean(dim=-1)


def present_softmax(logits: Tensor, present: Tensor) -> Tensor:
    """Softmax over n of logits [batch, n, ...] where `present` [batch, n]; finite, though of no use, where none is."""
    # a finite floor, not -inf: with nothing present the softmax must not be NaN
    absent = ~present.reshape(*present.shape, *(1,) * (logits.dim() - 2))
    return torch.softmax(logits.masked_fill(absent, torch.finfo(logits.dtype).min), dim=1)
