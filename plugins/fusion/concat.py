"""Concatenation: the acoustic and the semantic vectors side by side, as one expert."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from msftk.errors import InputError
from msftk.interfaces import Acoustics, FusionOutput, FusionSizes, SemanticGroup
from msftk.interfaces import Options as BaseOptions
from msftk.models.groups import JoinedGroups


class Concat(nn.Module):
    """[pooled acoustics; semantic groups], absent groups as zeros; the head's first layer mixes them."""

    class Options(BaseOptions):
        """No options."""

    def __init__(self, options: Options, sizes: FusionSizes) -> None:
        super().__init__()
        if not sizes.groups:
            raise InputError("fusion 'concat' needs a semantic source. Name one by --semantics, or take --fusion none.")
        self.join = JoinedGroups(sizes.groups)
        self.out_dim = sizes.pooled_dim + self.join.dim
        self.expert_names = ("joint",)
        self.n_attributes = sizes.n_attributes

    def forward(self, acoustics: Acoustics, groups: Mapping[str, SemanticGroup]) -> FusionOutput:
        h_sem, _ = self.join(groups)
        return FusionOutput.single(torch.cat([acoustics.pooled, h_sem], dim=-1), self.n_attributes)
