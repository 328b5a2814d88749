"""Bounded head: an independent network for each attribute whose answer never leaves the rating scale."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn

from msftk.interfaces import Head
from msftk.interfaces import Options as BaseOptions


class Bounded(Head, nn.Module):
    """Per attribute: Linear, ReLU, Linear, sigmoid, as Vox-Profile has it; every expert is read by the same head."""

    class Options(BaseOptions):
        hidden: int = Field(256, ge=1, description="width of the layer between")

    def __init__(self, options: Options, dim: int, attributes: tuple[str, ...]) -> None:
        super().__init__()
        self.attributes = attributes
        self.regressions = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(dim, options.hidden), nn.ReLU(), nn.Linear(options.hidden, 1))
                for name in attributes
            }
        )

    def forward(self, experts: Tensor) -> dict[str, Tensor]:
        """experts [batch, expert, dim] -> {"value": [batch, expert, attribute]} within 0..1."""
        each = [self.regressions[name](experts) for name in self.attributes]
        return {"value": torch.sigmoid(torch.cat(each, dim=-1))}
