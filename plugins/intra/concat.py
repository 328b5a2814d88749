"""Concatenation of the semantic sources of one group, brought back to the size of one."""

from __future__ import annotations

from torch import Tensor, nn

from msftk.interfaces import IntraFusion
from msftk.interfaces import Options as BaseOptions


class Concat(IntraFusion, nn.Module):
    """h_sem = W [h_1; ...; h_n] + b, absent sources as zeros; one source passes through."""

    class Options(BaseOptions):
        """No options."""

    def __init__(self, options: Options, dim: int, sources: tuple[str, ...]) -> None:
        super().__init__()
        n = len(sources)
        self.projection = nn.Linear(n * dim, dim) if n > 1 else nn.Identity()

    def forward(self, vectors: Tensor, present: Tensor) -> Tensor:
        """vectors [batch, n, dim], present [batch, n] bool -> [batch, dim]."""
        joined = vectors.masked_fill(~present.unsqueeze(-1), 0.0).flatten(1)
        merged: Tensor = self.projection(joined)
        return merged
