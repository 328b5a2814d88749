"""Attention between the semantic sources of one group: each is weighed by what it says itself."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from msftk.interfaces import IntraFusion
from msftk.interfaces import Options as BaseOptions
from msftk.models.gate import present_softmax


class Attention(IntraFusion, nn.Module):
    """h_sem = sum_i w_i h_i, w = softmax_i(v . tanh(W h_i + b)): additive attention, one weight a source.

    The paper compares its gate with "attention" and says no more (Table 2); this is the plainest form: unlike the gate
    it scores each source by itself and weighs all its dimensions alike. One source passes through. An absent source is
    left out exactly: one present passes through, none gives zeros.
    """

    class Options(BaseOptions):
        hidden: int = Field(128, ge=1, description="width of the layer that scores a source")

    def __init__(self, options: Options, dim: int, sources: tuple[str, ...]) -> None:
        super().__init__()
        several = len(sources) > 1
        self.hidden = nn.Linear(dim, options.hidden) if several else None
        self.score = nn.Linear(options.hidden, 1, bias=False) if several else None

    def forward(self, vectors: Tensor, present: Tensor) -> Tensor:
        """vectors [batch, n, dim], present [batch, n] bool -> [batch, dim]."""
        vectors = vectors.masked_fill(~present.unsqueeze(-1), 0.0)
        if self.hidden is None or self.score is None:
            return vectors[:, 0]
        weights = present_softmax(self.score(self.hidden(vectors).tanh()), present)  # [batch, n, 1]
        return (weights * vectors).sum(dim=1)
