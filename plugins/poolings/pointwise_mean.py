"""Layers of each frame alone, then their mean: the pooling of Vox-Profile and of SAIL's challenge system."""

from __future__ import annotations

from itertools import pairwise

from pydantic import Field
from torch import Tensor, nn

from msftk.interfaces import Options as BaseOptions
from msftk.interfaces import Pooling
from msftk_plugins.poolings.mean import mean_of_valid


class PointwiseMean(Pooling, nn.Module):
    """frames [batch, time, dim] -> [batch, hidden]: linear layers on each frame (convolutions of width one) with ReLU
    and dropout between, then the mean over valid frames."""

    class Options(BaseOptions):
        hidden: int = Field(256, ge=1, description="size of each layer")
        layers: int = Field(3, ge=1, description="how many of them")
        dropout: float = Field(0.1, ge=0, lt=1, description="dropout between them")

    def __init__(self, options: Options, dim: int) -> None:
        super().__init__()
        self.pooled_dim = options.hidden
        sizes = pairwise([dim, *[options.hidden] * options.layers])
        between = (nn.ReLU(), nn.Dropout(options.dropout))
        layers = [part for n_in, n_out in sizes for part in (*between, nn.Linear(n_in, n_out))]
        self.each = nn.Sequential(*layers[len(between) :])

    def forward(self, frames: Tensor, valid: Tensor) -> Tensor:
        pooled: Tensor = mean_of_valid(self.each(frames), valid)
        return pooled
