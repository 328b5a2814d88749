"""Cross-entropy of classes, weighted where some are rare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import log_softmax

from msftk.interfaces import Loss
from msftk.interfaces import Options as BaseOptions

EPS = 1e-6  # keeps the slope of a root finite where a class is certain


class CrossEntropy(Loss):
    """Mean over the utterances that have a class (or a distribution over them) of -sum_c w_c p_c log softmax(logits)_c.

    As torch's, the mean is over weights: the sum is divided by that of w_c p_c. Weights "inverse" are N / (K n_c), for
    n_c of N training utterances in class c of K (as MSP-Lab's baseline of the Odyssey 2024 challenge); a class that
    training has none of weighs nothing. With `focal` gamma each term is also times (1 - softmax(logits)_c)^gamma (Lin
    et al. 2017, Eq. 4): what is told well counts less.
    """

    class Options(BaseOptions):
        class_weights: Literal["none", "inverse"] = Field("none", description="inverse: rare classes count more")
        focal: float = Field(0.0, ge=0, allow_inf_nan=False, description="gamma of the focal loss; 0: cross-entropy")

    scope: ClassVar[Literal["example", "batch"]] = "example"
    classes: ClassVar[bool | None] = True

    def __init__(self, options: Options) -> None:
        self.options = options
        self.weights = torch.ones(())

    def fit(self, targets: Tensor) -> None:
        if self.options.class_weights == "inverse":
            frequency = torch.nan_to_num(targets).sum(dim=0)
            weights = frequency.sum() / (len(frequency) * frequency)
            self.weights = torch.where(frequency > 0, weights, 0.0)

    def __call__(
        self, outputs: Mapping[str, Tensor], targets: Tensor, features: Mapping[str, Tensor], parameters: Iterable[Any]
    ) -> Tensor:
        """outputs["value"], targets [batch, class], NaN where there is none -> scalar; 0 where nobody has a class."""
        share = torch.nan_to_num(targets) * self.weights.to(targets)
        logs = log_softmax(outputs["value"].to(targets.dtype), dim=1)
        if self.options.focal:
            logs = logs * (-torch.expm1(logs)).clamp(min=EPS) ** self.options.focal
        total = share.sum()
        return -(share * logs).sum(dim=1).sum() / torch.where(total > 0, total, 1.0)
