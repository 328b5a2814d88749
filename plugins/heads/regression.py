"""Regression head: an independent two-layer network for each attribute."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn

from msftk.interfaces import Head
from msftk.interfaces import Options as BaseOptions


class Regression(Head, nn.Module):
    """Per attribute: Linear, LayerNorm, ReLU, Dropout, Linear; every expert is read by the same head (f_k of Eq. 7).

    The output is on the unit scale, neither clipped nor squashed.
    """

    class Options(BaseOptions):
        hidden: int = Field(128, ge=1, description="width of the layer between")
        dropout: float = Field(0.5, ge=0, lt=1, description="dropout before the last layer")

    def __init__(self, options: Options, dim: int, attributes: tuple[str, ...]) -> None:
        super().__init__()
        self.attributes = attributes
        self.regressions = nn.ModuleDict({name: two_layers(options, dim) for name in attributes})

    def forward(self, experts: Tensor) -> dict[str, Tensor]:
        """experts [batch, expert, dim] -> {"value": [batch, expert, attribute]}."""
        return {"value": torch.cat([self.regressions[name](experts) for name in self.attributes], dim=-1)}

    def rescale(self, scale: Tensor, shift: Tensor) -> None:
        for place, name in enumerate(self.attributes):
            *_, weight, bias = self.regressions[name].parameters()
            weight.mul_(scale[place])
            bias.mul_(scale[place]).add_(shift[place])


def two_layers(options: Regression.Options, dim: int, n_outputs: int = 1) -> nn.Sequential:
    """The network of one attribute: [..., dim] -> [..., output]."""
    first, last = nn.Linear(dim, options.hidden), nn.Linear(options.hidden, n_outputs)
    return nn.Sequential(first, nn.LayerNorm(options.hidden), nn.ReLU(), nn.Dropout(options.dropout), last)
