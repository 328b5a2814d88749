"""Cross-entropy of classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from msftk.interfaces import Loss
from msftk.interfaces import Options as BaseOptions


class CrossEntropy(Loss):
    """Mean over the utterances that have a class (or a distribution over them) of -sum p log softmax(logits)."""

    class Options(BaseOptions):
        """No options."""

    scope: ClassVar[Literal["example", "batch"]] = "example"

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(
        self, outputs: Mapping[str, Tensor], targets: Tensor, features: Mapping[str, Tensor], parameters: Iterable[Any]
    ) -> Tensor:
        """outputs["value"], targets [batch, class], NaN where there is none -> scalar; 0 where nobody has a class."""
        known = ~torch.isnan(targets).any(dim=1)
        logs = log_softmax(outputs["value"].to(targets.dtype), dim=1)
        each = -(torch.nan_to_num(targets) * logs).sum(dim=1)
        return torch.where(known, each, 0.0).sum() / known.sum().clamp(min=1)
