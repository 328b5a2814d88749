"""FiLM fusion: meaning scales and shifts the acoustic vector, as one expert."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from torch import nn

from msftk.interfaces import Acoustics, Fusion, FusionOutput, FusionSizes, SemanticGroup
from msftk.models.film import AcousticFilm, At
from msftk.models.groups import JoinedGroups, MergeOptions, require_groups


class Film(Fusion, nn.Module):
    """Acoustics modulated by all semantic groups together (Eqs. 5-6); left as they are if none is present."""

    class Options(MergeOptions):
        film_at: At = Field("pooled", description="modulate the pooled vector, or frames before pooling")
        hidden: int = Field(128, ge=1, description="width of the MLP that makes scale and shift")
        dropout: float = Field(0.1, ge=0, lt=1, description="dropout in that MLP")

    def __init__(self, options: Options, sizes: FusionSizes) -> None:
        super().__init__()
        require_groups(sizes.groups, "film")
        self.join = JoinedGroups(sizes.groups, options.group_merge)
        self.film = AcousticFilm(self.join.dim, sizes, options.film_at, options.hidden, options.dropout)
        self.out_dim = sizes.pooled_dim
        self.expert_names = ("joint",)
        self.n_attributes = sizes.n_attributes

    def forward(self, acoustics: Acoustics, groups: Mapping[str, SemanticGroup]) -> FusionOutput:
        h_sem, present = self.join(groups)
        return FusionOutput.single(self.film(acoustics, h_sem, present), self.n_attributes)
