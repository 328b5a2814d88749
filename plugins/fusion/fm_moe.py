"""FM-MoE: one acoustic expert and one FiLM expert a semantic group, weighted per attribute by learned routing."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor, nn

from msftk.interfaces import Acoustics, FusionOutput, FusionSizes, SemanticGroup
from msftk.interfaces import Options as BaseOptions
from msftk.models.film import FilmLayer
from msftk.models.groups import JoinedGroups


class FmMoe(nn.Module):
    """FiLM-modulated mixture of experts (paper Sec. 2.4, Eqs. 5-7).

    Expert "acoustic" reads pooled acoustics alone; each other expert reads them modulated by its group's vector. The
    paper says "learnable routing weight" and no more: here it is a softmax over one learned number for each attribute
    and expert, the same for all utterances, renormalised over the experts whose group is present.
    """

    class Options(BaseOptions):
        hidden: int = Field(128, ge=1, description="width of the experts and of their FiLM MLPs")
        dropout: float = Field(0.1, ge=0, lt=1, description="dropout in both")

    def __init__(self, options: Options, sizes: FusionSizes) -> None:
        super().__init__()
        self.out_dim = options.hidden
        self.group_names = tuple(sizes.groups)
        self.expert_names = ("acoustic", *self.group_names)
        self.joins = nn.ModuleList(JoinedGroups({name: sizes.groups[name]}) for name in self.group_names)
        self.films = nn.ModuleList(
            FilmLayer(join.dim, sizes.pooled_dim, options.hidden, options.dropout) for join in self.joins
        )
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(sizes.pooled_dim, options.hidden), nn.ReLU(), nn.Dropout(options.dropout))
            for _ in self.expert_names
        )
        # pi of Eq. 7 before the softmax; equal weights at the start
        self.routing_logits = nn.Parameter(torch.zeros(sizes.n_attributes, len(self.expert_names)))

    def forward(self, acoustics: Acoustics, groups: Mapping[str, SemanticGroup]) -> FusionOutput:
        h_audio = acoustics.pooled  # [batch, pooled_dim]
        inputs, present = [h_audio], [torch.ones_like(acoustics.valid[:, 0])]
        for join, film in zip(self.joins, self.films, strict=True):
            h_sem, here = join(groups)
            inputs.append(film(h_audio, h_sem, here))
            present.append(here)
        experts = [expert(vector) for expert, vector in zip(self.experts, inputs, strict=True)]
        return FusionOutput(torch.stack(experts, dim=1), self._routing(torch.stack(present, dim=1)))

    def _routing(self, present: Tensor) -> Tensor:
        """present [batch, expert] -> [batch, attribute, expert]: a softmax over the present experts."""
        logits = self.routing_logits.unsqueeze(0).masked_fill(~present.unsqueeze(1), -torch.inf)
        return torch.softmax(logits, dim=-1)
