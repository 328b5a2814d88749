"""Semantic groups side by side, as one vector: what a fusion with one expert is conditioned on."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from msftk.interfaces import SemanticGroup


class JoinedGroups(nn.Module):
    """Each group's vector through LayerNorm, absent ones as zeros, in the order of `dims`.

    LayerNorm puts text encoders on one footing: a normalised sentence embedding has entries near 0.05, RoBERTa's hidden
    states have a few near 10.
    """

    def __init__(self, dims: Mapping[str, int]) -> None:
        super().__init__()
        self.dim = sum(dims.values())
        self.norms = nn.ModuleDict({name: nn.LayerNorm(dim) for name, dim in dims.items()})

    def forward(self, groups: Mapping[str, SemanticGroup]) -> tuple[Tensor, Tensor]:
        """Returns the joined vector [batch, dim], and [batch] bool: at least one of the groups is present."""
        parts = [
            torch.where(groups[name].present.unsqueeze(-1), norm(groups[name].vector), 0.0)
            for name, norm in self.norms.items()
        ]
        present = torch.stack([groups[name].present for name in self.norms]).any(dim=0)
        return torch.cat(parts, dim=-1), present
