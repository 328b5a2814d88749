"""FiLM fusion: meaning scales and shifts the acoustic vector, as one expert."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from torch import nn

from msftk.errors import InputError
from msftk.interfaces import Acoustics, FusionOutput, FusionSizes, SemanticGroup
from msftk.interfaces import Options as BaseOptions
from msftk.models.film import FilmLayer
from msftk.models.groups import JoinedGroups


class Film(nn.Module):
    """Pooled acoustics modulated by all semantic groups together (Eqs. 5-6); left as they are if none is present."""

    class Options(BaseOptions):
        hidden: int = Field(128, ge=1, description="width of the MLP that makes scale and shift")
        dropout: float = Field(0.1, ge=0, lt=1, description="dropout in that MLP")

    def __init__(self, options: Options, sizes: FusionSizes) -> None:
        super().__init__()
        if not sizes.groups:
            raise InputError("fusion 'film' needs a semantic source. Name one by --semantics, or take --fusion none.")
        self.join = JoinedGroups(sizes.groups)
        self.film = FilmLayer(self.join.dim, sizes.pooled_dim, options.hidden, options.dropout)
        self.out_dim = sizes.pooled_dim
        self.expert_names = ("joint",)
        self.n_attributes = sizes.n_attributes

    def forward(self, acoustics: Acoustics, groups: Mapping[str, SemanticGroup]) -> FusionOutput:
        h_sem, present = self.join(groups)
        return FusionOutput.single(self.film(acoustics.pooled, h_sem, present), self.n_attributes)
