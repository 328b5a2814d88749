"""Evidential head: besides a prediction, how far people differ and how little is known (DEER, arXiv 2306.06760)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from msftk.interfaces import Head, HeadOutput
from msftk_plugins.heads.regression import Regression, two_layers

START_SPREAD = 1 / 6  # of ratings, on the unit scale: one point of 1..7
LEAST = 1e-6  # of what divides, and of alpha - 1


class Evidential(Head, nn.Module):
    """Normal-inverse-gamma evidence: ratings are normal, their mean and variance have a distribution themselves.

    "value" (gamma) predicts the mean. "aleatoric" = sqrt(beta / (alpha - 1)) is how far one person's rating lies from
    it, "epistemic" = sqrt(beta / (nu (alpha - 1))) how far the model may be off; both are standard deviations on the
    rating scale. nu, alpha and beta are those of the unit scale. Over experts the evidence is mixed by its moments:
    the mean of means, the mean variance, and as epistemic variance the experts' own and their disagreement.
    """

    class Options(Regression.Options):
        pass

    outputs: ClassVar[Mapping[str, HeadOutput]] = {
        "value": HeadOutput("rating"),
        "nu": HeadOutput(mixed="head"),
        "alpha": HeadOutput(mixed="head"),
        "beta": HeadOutput(mixed="head"),
        "aleatoric": HeadOutput("deviation", mixed="head"),
        "epistemic": HeadOutput("deviation", mixed="head"),
    }

    def __init__(self, options: Options, dim: int, attributes: tuple[str, ...]) -> None:
        super().__init__()
        self.attributes = attributes
        self.evidence = nn.ModuleDict({name: _evidence(options, dim) for name in attributes})

    def forward(self, experts: Tensor) -> dict[str, Tensor]:
        """experts [batch, expert, dim] -> each output [batch, expert, attribute]."""
        raw = torch.stack([self.evidence[name](experts) for name in self.attributes], dim=-2)
        value, nu, alpha, beta = raw.unbind(-1)
        return _outputs(value, softplus(nu) + LEAST, softplus(alpha) + 1 + LEAST, softplus(beta) + LEAST)

    def mix(self, experts: Mapping[str, Tensor], routing: Tensor) -> dict[str, Tensor]:
        weights = routing.transpose(1, 2)  # [batch or 1, expert, attribute]

        def mean(values: Tensor) -> Tensor:
            return (weights * values).sum(dim=1)

        value, alpha = mean(experts["value"]), mean(experts["alpha"])
        variance = mean(experts["aleatoric"] ** 2)
        apart = mean((experts["value"] - value.unsqueeze(1)) ** 2)
        unknown = mean(experts["epistemic"] ** 2) + apart
        return _outputs(value, variance / unknown, alpha, variance * (alpha - 1))

    def rescale(self, scale: Tensor, shift: Tensor) -> None:
        for place, name in enumerate(self.attributes):
            *_, weight, bias = self.evidence[name].parameters()
            weight[0].mul_(scale[place])
            bias[0].mul_(scale[place]).add_(shift[place])


def _outputs(value: Tensor, nu: Tensor, alpha: Tensor, beta: Tensor) -> dict[str, Tensor]:
    variance = beta / (alpha - 1)
    return {
        "value": value,
        "nu": nu,
        "alpha": alpha,
        "beta": beta,
        "aleatoric": variance.sqrt(),
        "epistemic": (variance / nu).sqrt(),
    }


def _evidence(options: Evidential.Options, dim: int) -> nn.Sequential:
    network: nn.Sequential = two_layers(options, dim, n_outputs=4)
    *_, bias = network.parameters()
    with torch.no_grad():  # softplus(0) = ln 2 is alpha - 1 at the start
        bias[3] = math.log(math.expm1(START_SPREAD**2 * math.log(2)))
    return network
