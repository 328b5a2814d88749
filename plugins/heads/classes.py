"""A logit a class, by one linear layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from msftk.interfaces import Head, HeadOutput
from msftk.interfaces import Options as BaseOptions


class Classes(Head, nn.Module):
    """Logits of an expert, mixed over experts as one answer; a softmax over them gives the classes' shares."""

    class Options(BaseOptions):
        """No options."""

    outputs: ClassVar[Mapping[str, HeadOutput]] = {"value": HeadOutput()}

    def __init__(self, options: Options, dim: int, attributes: tuple[str, ...]) -> None:
        super().__init__()
        self.logits = nn.Linear(dim, len(attributes))

    def forward(self, experts: Tensor) -> dict[str, Tensor]:
        """experts [batch, expert, dim] -> {"value": [batch, expert, class]}."""
        return {"value": self.logits(experts)}
