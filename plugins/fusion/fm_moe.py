"""FM-MoE: one acoustic expert and one FiLM expert a semantic group, weighted per attribute by learned routing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from msftk.interfaces import Acoustics, Fusion, FusionOutput, FusionSizes, SemanticGroup
from msftk.interfaces import Options as BaseOptions
from msftk.models.film import AcousticFilm, At
from msftk.models.groups import JoinedGroups

TRANSCRIPT, EXTENDED = "transcript", "extended"  # groups of experts B and C


class FmMoe(Fusion, nn.Module):
    """FiLM-modulated mixture of experts (paper Sec. 2.4, Eqs. 5-7).

    Expert "acoustic" (A) reads pooled acoustics alone; each other expert reads them modulated by its group's vector: B
    by h_sem of "transcript", C by "extended", and one more by every group of a plugin's own. Where the paper is silent:

    `expert_c`: C "integrates additional prior knowledge". "extended": it reads ES alone; "cumulative": h_sem with ES,
    side by side. C is there where ES is.

    `router`: "learnable routing weight" and no more. "static": a softmax over one learned number for each attribute and
    expert, the same for all utterances; "conditional": the numbers move with the utterance's acoustic and semantic
    vectors, from zero at the start. Either is renormalised over the experts whose group is present.
    """

    class Options(BaseOptions):
        hidden: int = Field(128, ge=1, description="width of the experts and of their FiLM MLPs")
        dropout: float = Field(0.1, ge=0, lt=1, description="dropout in both")
        film_at: At = Field("pooled", description="modulate the pooled vector, or frames before pooling")
        expert_c: Literal["extended", "cumulative"] = Field("extended", description="C reads ES alone, or h_sem and ES")
        router: Literal["static", "conditional"] = Field("static", description="routing alike for all, or by utterance")

    def __init__(self, options: Options, sizes: FusionSizes) -> None:
        super().__init__()
        self.out_dim = options.hidden
        self.group_names = tuple(sizes.groups)
        self.expert_names = ("acoustic", *self.group_names)
        joins = [
            JoinedGroups({group: sizes.groups[group] for group in self._read_by(name, options)})
            for name in self.group_names
        ]
        self.joins = nn.ModuleList(joins)
        self.films = nn.ModuleList(
            AcousticFilm(join.dim, sizes, options.film_at, options.hidden, options.dropout) for join in joins
        )
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(sizes.pooled_dim, options.hidden), nn.ReLU(), nn.Dropout(options.dropout))
            for _ in self.expert_names
        )
        # pi of Eq. 7 before the softmax; equal weights at the start
        self.routing_logits = nn.Parameter(torch.zeros(sizes.n_attributes, len(self.expert_names)))
        self.router: nn.Linear | None = None
        if options.router == "conditional" and self.group_names:
            self.router_join = JoinedGroups(sizes.groups)
            self.router = nn.Linear(sizes.pooled_dim + self.router_join.dim, self.routing_logits.numel(), bias=False)
            nn.init.zeros_(self.router.weight)

    def _read_by(self, name: str, options: Options) -> tuple[str, ...]:
        """The groups that the expert of group `name` is conditioned on."""
        cumulative = options.expert_c == "cumulative" and name == EXTENDED and TRANSCRIPT in self.group_names
        return (TRANSCRIPT, EXTENDED) if cumulative else (name,)

    def forward(self, acoustics: Acoustics, groups: Mapping[str, SemanticGroup]) -> FusionOutput:
        inputs, present = [acoustics.pooled], [torch.ones_like(acoustics.valid[:, 0])]
        for name, join, film in zip(self.group_names, self.joins, self.films, strict=True):
            h_sem, _ = join(groups)
            here = groups[name].present
            inputs.append(film(acoustics, h_sem, here))
            present.append(here)
        experts = [expert(vector) for expert, vector in zip(self.experts, inputs, strict=True)]
        routing = self._routing(acoustics, groups, torch.stack(present, dim=1))
        return FusionOutput(torch.stack(experts, dim=1), routing)

    def _routing(self, acoustics: Acoustics, groups: Mapping[str, SemanticGroup], present: Tensor) -> Tensor:
        """present [batch, expert] -> [batch, attribute, expert]: a softmax over the present experts."""
        logits = self.routing_logits.unsqueeze(0)
        if self.router is not None:
            read = torch.cat([acoustics.pooled, self.router_join(groups)[0]], dim=-1)
            logits = logits + self.router(read).unflatten(1, logits.shape[1:])
        return torch.softmax(logits.masked_fill(~present.unsqueeze(1), -torch.inf), dim=-1)
