"""Concatenation: the acoustic and the semantic vectors side by side, as one expert."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from msftk.interfaces import Acoustics, Fusion, FusionOutput, FusionSizes, SemanticGroup
from msftk.models.groups import JoinedGroups, MergeOptions, require_groups


class Concat(Fusion, nn.Module):
    """[pooled acoustics; semantic groups], absent groups as zeros; the head's first layer mixes them."""

    class Options(MergeOptions):
        pass

    def __init__(self, options: Options, sizes: FusionSizes) -> None:
        super().__init__()
        require_groups(sizes.groups, "concat")
        self.join = JoinedGroups(sizes.groups, options.group_merge)
        self.out_dim = sizes.pooled_dim + self.join.dim
        self.expert_names = ("joint",)
        self.n_attributes = sizes.n_attributes

    def forward(self, acoustics: Acoustics, groups: Mapping[str, SemanticGroup]) -> FusionOutput:
        h_sem, _ = self.join(groups)
        return FusionOutput.single(torch.cat([acoustics.pooled, h_sem], dim=-1), self.n_attributes)
