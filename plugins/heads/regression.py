"""Regression head: an independent two-layer network for each attribute."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn

from msftk.interfaces import Head
from msftk.interfaces import Options as BaseOptions

UNIT_SCALE_MIDDLE = 0.5


class Regression(Head, nn.Module):
    """Per attribute: Linear, LayerNorm, ReLU, Dropout, Linear; every expert is read by the same head (f_k of Eq. 7).

    The output is on the unit scale, neither clipped nor squashed, and starts at its middle for every input. From random
    weights an attribute may start 0.7 off, and the CCC loss hardly learns there: its slope falls with the square of the
    offset, and as long as predictions do not covary with ratings nothing draws their mean back.
    """

    class Options(BaseOptions):
        hidden: int = Field(128, ge=1, description="width of the layer between")
        dropout: float = Field(0.5, ge=0, lt=1, description="dropout before the last layer")

    def __init__(self, options: Options, dim: int, attributes: tuple[str, ...]) -> None:
        super().__init__()
        self.attributes = attributes
        self.regressions = nn.ModuleDict({name: _regression(options, dim) for name in attributes})

    def forward(self, experts: Tensor) -> dict[str, Tensor]:
        """experts [batch, expert, dim] -> {"value": [batch, expert, attribute]}."""
        return {"value": torch.cat([self.regressions[name](experts) for name in self.attributes], dim=-1)}


def _regression(options: Regression.Options, dim: int) -> nn.Sequential:
    first, last = nn.Linear(dim, options.hidden), nn.Linear(options.hidden, 1)
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, UNIT_SCALE_MIDDLE)
    return nn.Sequential(first, nn.LayerNorm(options.hidden), nn.ReLU(), nn.Dropout(options.dropout), last)
