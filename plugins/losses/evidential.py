"""Evidential loss: every person's rating under the Student-t that the evidence implies (DEER, arXiv 2306.06760)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from msftk.interfaces import Loss
from msftk.interfaces import Options as BaseOptions


class EvidentialLoss(Loss):
    """Sum over attributes of the mean over utterances of DEER's loss, on the unit scale.

    Of an utterance: the mean over its raters of the negative log-likelihood of their ratings, plus what pulls the
    prediction to their mean and the aleatoric variance to theirs, each over the total variance: evidence is not bought
    by being sure and wrong. One rating alone, as the mean of a corpus without raters, has no variance to match.
    """

    class Options(BaseOptions):
        mean_weight: float = Field(1 / 60, ge=0, description="of |mean - value| / total; DEER's 0.1 on 1..7 is 1/60")
        variance_weight: float = Field(0.1, ge=0, description="of |variance of the raters - aleatoric| / total")

    scope: ClassVar[Literal["example", "batch"]] = "example"
    reads: ClassVar[tuple[str, ...]] = ("value", "nu", "alpha", "beta")
    reads_raters: ClassVar[bool] = True
    classes: ClassVar[bool | None] = False

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(
        self, outputs: Mapping[str, Tensor], targets: Tensor, features: Mapping[str, Tensor], parameters: Iterable[Any]
    ) -> Tensor:
        """outputs [batch, attribute], targets [batch, attribute] or [batch, attribute, rater] (NaN: none) -> scalar."""
        ratings = targets if targets.dim() == 3 else targets.unsqueeze(-1)
        there = ~torch.isnan(ratings)
        n_raters = there.sum(-1)
        ratings = torch.where(there, ratings, 0.0)
        value, nu, alpha, beta = (outputs[name].to(ratings.dtype).unsqueeze(-1) for name in self.reads)
        mean = ratings.sum(-1) / n_raters.clamp(min=1)
        far = torch.where(there, ratings - mean.unsqueeze(-1), 0.0)
        variance = (far**2).sum(-1) / n_raters.clamp(min=1)
        each = student_nll(value, nu, alpha, beta, ratings)
        nll = torch.where(there, each, 0.0).sum(-1) / n_raters.clamp(min=1)
        aleatoric = (beta / (alpha - 1)).squeeze(-1)
        total = aleatoric * (1 + 1 / nu.squeeze(-1))
        several = n_raters > 1
        penalty = self.options.mean_weight * (mean - value.squeeze(-1)).abs()
        penalty = penalty + self.options.variance_weight * torch.where(several, (variance - aleatoric).abs(), 0.0)
        rated = n_raters > 0
        loss = torch.where(rated, nll + penalty / total, 0.0)
        return (loss.sum(0) / rated.sum(0).clamp(min=1)).sum()


def student_nll(value: Tensor, nu: Tensor, alpha: Tensor, beta: Tensor, rating: Tensor) -> Tensor:
    """-log p(rating) under the evidence, all shapes alike: a Student-t with 2 alpha degrees of freedom, location
    `value` and squared scale beta (1 + nu) / (nu alpha) (Amini et al. 2020, Eq. 8)."""
    omega = 2 * beta * (1 + nu)
    return (
        0.5 * (math.log(math.pi) - nu.log())
        - alpha * omega.log()
        + (alpha + 0.5) * (nu * (rating - value) ** 2 + omega).log()
        + alpha.lgamma()
        - (alpha + 0.5).lgamma()
    )
