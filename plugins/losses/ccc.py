"""CCC loss: the sum over attributes of 1 - CCC (Lin's population form; the paper's Sec. 3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from msftk.interfaces import Loss
from msftk.interfaces import Options as BaseOptions

EPS = 1e-8  # keeps a batch of equal predictions and ratings finite


class CccLoss(Loss):
    """Sum over attributes of 1 - CCC over the rated utterances of the whole batch, population moments, eps 1e-8."""

    class Options(BaseOptions):
        """No options."""

    scope: ClassVar[Literal["example", "batch"]] = "batch"
    classes: ClassVar[bool | None] = False

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(
        self, outputs: Mapping[str, Tensor], targets: Tensor, features: Mapping[str, Tensor], parameters: Iterable[Any]
    ) -> Tensor:
        """outputs["value"], targets [batch, attribute] (NaN = unrated, left out) -> scalar."""
        rated = ~torch.isnan(targets)
        count = rated.sum(0)
        some = count.clamp(min=1)
        # float32 even under bf16 autocast: moments of 32 numbers need the digits
        prediction = torch.where(rated, outputs["value"].to(targets.dtype), 0.0)
        truth = torch.where(rated, targets, 0.0)
        mean_p, mean_t = prediction.sum(0) / some, truth.sum(0) / some
        p = torch.where(rated, prediction - mean_p, 0.0)
        t = torch.where(rated, truth - mean_t, 0.0)
        covariance = (p * t).sum(0) / some
        spread = (p * p).sum(0) / some + (t * t).sum(0) / some + (mean_p - mean_t) ** 2
        loss = 1 - 2 * covariance / (spread + EPS)
        return torch.where(count > 0, loss, 0.0).sum()  # an attribute that nobody rated has nothing to teach
