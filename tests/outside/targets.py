"""A package of somebody else: heads of several outputs, one that reads the mixed vector, a target with an option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from msftk.hookspecs import hookimpl
from msftk.interfaces import Head, HeadOutput, Target
from msftk.interfaces import Options as BaseOptions
from msftk.types import Utterance


class Evidential(Head, nn.Module):
    """Normal-inverse-gamma outputs (DEER): gamma predicts, nu, alpha, beta carry the evidence, a linear map each."""

    class Options(BaseOptions):
        """No options."""

    outputs: ClassVar[Mapping[str, HeadOutput]] = {
        "value": HeadOutput("rating"),
        "spread": HeadOutput("deviation", mixed="head"),
        "nu": HeadOutput(mixed="head"),
        "alpha": HeadOutput(mixed="head"),
        "beta": HeadOutput(mixed="head"),
    }

    def __init__(self, options: Options, dim: int, attributes: tuple[str, ...]) -> None:
        super().__init__()
        self.maps = nn.ModuleDict({name: nn.Linear(dim, len(attributes)) for name in ("value", "nu", "alpha", "beta")})

    def forward(self, experts: Tensor) -> dict[str, Tensor]:
        raw = {name: one(experts) for name, one in self.maps.items()}
        nu, alpha, beta = softplus(raw["nu"]), 1 + softplus(raw["alpha"]), softplus(raw["beta"])
        spread = torch.sqrt(beta / (nu * (alpha - 1) + 1e-6))
        return {"value": raw["value"], "spread": spread, "nu": nu, "alpha": alpha, "beta": beta}

    def rescale(self, scale: Tensor, shift: Tensor) -> None:
        value = self.maps["value"]
        value.weight.mul_(scale.unsqueeze(1))
        value.bias.mul_(scale).add_(shift)

    def mix(self, experts: Mapping[str, Tensor], routing: Tensor) -> dict[str, Tensor]:
        """Evidence adds up, spreads meet in the mean of their squares (moment matching of the mixture)."""
        weights = routing.transpose(1, 2)
        summed = {name: (weights * experts[name]).sum(dim=1) for name in ("nu", "alpha", "beta")}
        square = (weights * (experts["spread"] ** 2 + experts["value"] ** 2)).sum(dim=1)
        mean = (weights * experts["value"]).sum(dim=1)
        return {**summed, "spread": torch.sqrt((square - mean**2).clamp(min=0) + 1e-12)}


class OfMixed(Head, nn.Module):
    """A linear map of the vector that the routing mixed."""

    class Options(BaseOptions):
        """No options."""

    reads: ClassVar[Literal["experts", "mixed"]] = "mixed"

    def __init__(self, options: Options, dim: int, attributes: tuple[str, ...]) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.randn(len(attributes), dim))

    def forward(self, experts: Tensor) -> dict[str, Tensor]:
        """[batch, column, dim] -> [batch, column]."""
        return {"value": (experts * self.rows).sum(dim=-1)}


class Beyond(Target):
    """How far valence is from a point of the scale."""

    class Options(Target.Options):
        point: float = 4.0

    def __init__(self, options: Options) -> None:
        self.options = options

    def columns(self, utterances: Sequence[Utterance]) -> tuple[str, ...]:
        return ("beyond",)

    def read(self, utterance: Utterance, columns: Sequence[str]) -> Sequence[float]:
        ratings = utterance.ratings or {}
        return [abs(ratings.get("valence", float("nan")) - self.options.point)]


@hookimpl
def register_targets(register: Any) -> None:
    register("beyond", "outside.targets:Beyond", help="how far valence is from a point")


@hookimpl
def register_heads(register: Any) -> None:
    register("normal-gamma", "outside.targets:Evidential", help="DEER's four outputs")
    register("of-mixed", "outside.targets:OfMixed", help="reads the mixed vector")
