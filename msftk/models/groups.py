"""Semantic groups as one vector: what a fusion with one expert is conditioned on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from msftk.errors import InputError
from msftk.interfaces import Options, SemanticGroup
from msftk.models.gate import Gate

Merge = Literal["concat", "gated"]


class MergeOptions(Options):
    """Options of every fusion that joins its groups first."""

    group_merge: Merge = Field("concat", description="several groups: side by side, or weighed by a learned gate")


class JoinedGroups(nn.Module):
    """Each group's vector through LayerNorm, absent ones as zeros, joined to one vector [batch, dim].

    "concat" puts them side by side in the order of `dims`. "gated" projects those smaller than the widest to its size
    and weighs them by a vector gate as the sources of one group are (Eqs. 3-4); absent groups are left out exactly.

    LayerNorm puts text encoders on one footing: a normalised sentence embedding has entries near 0.05, RoBERTa's hidden
    states have a few near 10.
    """

    def __init__(self, dims: Mapping[str, int], merge: Merge = "concat") -> None:
        super().__init__()
        widest = max(dims.values(), default=0)
        self.dim = sum(dims.values()) if merge == "concat" else widest
        self.norms = nn.ModuleDict({name: nn.LayerNorm(dim) for name, dim in dims.items()})
        self.gate = Gate(widest, len(dims)) if merge == "gated" else None
        narrow = {name: dim for name, dim in dims.items() if merge == "gated" and dim != widest}
        self.projections = nn.ModuleDict({name: nn.Linear(dim, widest) for name, dim in narrow.items()})

    def forward(self, groups: Mapping[str, SemanticGroup]) -> tuple[Tensor, Tensor]:
        """Returns the joined vector [batch, dim], and [batch] bool: at least one of the groups is present."""
        here = torch.stack([groups[name].present for name in self.norms], dim=1)  # [batch, group]
        parts = [self._part(name, groups[name]) for name in self.norms]
        joined = torch.cat(parts, dim=-1) if self.gate is None else self.gate(torch.stack(parts, dim=1), here)
        return joined, here.any(dim=1)

    def _part(self, name: str, group: SemanticGroup) -> Tensor:
        normed = self.norms[name](group.vector)
        if name in self.projections:
            normed = self.projections[name](normed)
        return torch.where(group.present.unsqueeze(-1), normed, 0.0)


def require_groups(groups: Mapping[str, int], fusion: str) -> None:
    """Raises InputError where a fusion that needs meaning was given none."""
    if not groups:
        raise InputError(f"fusion '{fusion}' needs a semantic source. Name one by --semantics, or take --fusion none.")
