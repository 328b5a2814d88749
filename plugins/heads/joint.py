"""Joint head: one network answers all attributes, as the heads of most published models do."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from msftk.interfaces import Head
from msftk.interfaces import Options as BaseOptions

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


class Joint(Head, nn.Module):
    """Dropout, then `layers` times (Linear, maybe LayerNorm, activation, dropout), then one Linear for all attributes.

    With a ReLU and LayerNorm it is the head of the MSP-Podcast challenge baseline, with tanh and none that of
    audEERING's model; without layers it is linear. The output is on the unit scale, neither clipped nor squashed.
    """

    class Options(BaseOptions):
        hidden: int = Field(1024, ge=1, description="width of the layers between")
        layers: int = Field(1, ge=0, description="how many of them")
        activation: Literal["relu", "tanh"] = Field("relu", description="behind each of them")
        norm: bool = Field(True, description="LayerNorm before the activation")
        dropout: float = Field(0.5, ge=0, lt=1, description="dropout of the input and behind each of them")

    def __init__(self, options: Options, dim: int, attributes: tuple[str, ...]) -> None:
        super().__init__()
        sizes = [dim, *[options.hidden] * options.layers]
        self.input_dropout = nn.Dropout(options.dropout)
        self.between = nn.Sequential(*(_layer(options, here) for here in sizes[:-1]))
        self.last = nn.Linear(sizes[-1], len(attributes))

    def forward(self, experts: Tensor) -> dict[str, Tensor]:
        """experts [batch, expert, dim] -> {"value": [batch, expert, attribute]}."""
        return {"value": self.last(self.between(self.input_dropout(experts)))}

    def rescale(self, scale: Tensor, shift: Tensor) -> None:
        self.last.weight.mul_(scale.unsqueeze(1))
        self.last.bias.mul_(scale).add_(shift)


def _layer(options: Joint.Options, dim: int) -> nn.Sequential:
    norm: list[nn.Module] = [nn.LayerNorm(options.hidden)] if options.norm else []
    activation = ACTIVATIONS[options.activation]()
    return nn.Sequential(nn.Linear(dim, options.hidden), *norm, activation, nn.Dropout(options.dropout))
