"""A package of somebody else: the category as a second target with its own head and loss, and a head of DEER."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from msftk.hookspecs import hookimpl
from msftk.interfaces import Answers, Head, HeadOutput, Loss, Target
from msftk.interfaces import Options as BaseOptions
from msftk.types import Utterance


class Category(Target):
    """Which category the corpus gives an utterance."""

    class Options(BaseOptions):
        """No options."""

    answer: ClassVar[Answers] = "classes"
    head: ClassVar[str] = "linear-classes"
    loss: ClassVar[str] = "cross-entropy"
    weight: ClassVar[float] = 0.5

    def __init__(self, options: Options) -> None:
        self.options = options

    def columns(self, utterances: Sequence[Utterance]) -> tuple[str, ...]:
        return tuple(sorted({u.category for u in utterances if u.category}))

    def read(self, utterance: Utterance, columns: Sequence[str]) -> Sequence[float]:
        if utterance.category not in columns:
            return [math.nan] * len(columns)
        return [float(column == utterance.category) for column in columns]

    def predicted(self, outputs: Mapping[str, NDArray[Any]], columns: Sequence[str]) -> Mapping[str, Sequence[object]]:
        return {"category": [columns[place] for place in outputs["logits"].argmax(axis=1)]}

    def scores(
        self, outputs: Mapping[str, NDArray[Any]], truth: NDArray[Any], columns: Sequence[str]
    ) -> Mapping[str, float]:
        said = outputs["logits"].argmax(axis=1)
        recalls = [float((said == c)[truth[:, c] == 1].mean()) for c in range(len(columns)) if (truth[:, c] == 1).any()]
        return {"uar": float(np.mean(recalls))}


class LinearClasses(Head, nn.Module):
    """One logit a class."""

    class Options(BaseOptions):
        """No options."""

    outputs: ClassVar[Mapping[str, HeadOutput]] = {"logits": HeadOutput()}

    def __init__(self, options: Options, dim: int, attributes: tuple[str, ...]) -> None:
        super().__init__()
        self.logits = nn.Linear(dim, len(attributes))

    def forward(self, experts: Tensor) -> dict[str, Tensor]:
        return {"logits": self.logits(experts)}


class CrossEntropy(Loss):
    """Mean cross-entropy over the utterances that have a class."""

    class Options(BaseOptions):
        """No options."""

    scope: ClassVar[Literal["example", "batch"]] = "example"
    reads_features: ClassVar[bool] = False

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(
        self, outputs: Mapping[str, Tensor], targets: Tensor, features: Mapping[str, Tensor], parameters: Iterable[Any]
    ) -> Tensor:
        known = ~torch.isnan(targets[:, 0])
        if not known.any():
            return outputs["logits"].sum() * 0.0
        return cross_entropy(outputs["logits"][known], targets[known].argmax(dim=1))


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


@hookimpl
def register_targets(register: Any) -> None:
    register("category", "outside.targets:Category", help="the corpus' category")


@hookimpl
def register_heads(register: Any) -> None:
    register("linear-classes", "outside.targets:LinearClasses", help="a logit a class")
    register("normal-gamma", "outside.targets:Evidential", help="DEER's four outputs")
    register("of-mixed", "outside.targets:OfMixed", help="reads the mixed vector")


@hookimpl
def register_losses(register: Any) -> None:
    register("cross-entropy", "outside.targets:CrossEntropy", help="over the utterances that have a class")
