"""Three starts of the same head, for the benchmarks that hold them side by side."""

from __future__ import annotations

import sys

from torch import nn

from msftk.hookspecs import Register, hookimpl
from msftk.interfaces import Head
from msftk.registry import registry
from msftk_plugins.heads.regression import Regression

STARTS = {"ratings": "regression", "zero": "zero-start", "ordinary": "ordinary-start"}  # start -> head


class OrdinaryStart(Regression):
    """The regression head in its random weights, wherever its predictions lie."""

    rescale = Head.rescale  # which changes nothing


class ZeroStart(OrdinaryStart):
    """The regression head whose predictions are the middle of the scale, all last weights being zero."""

    def __init__(self, options: Regression.Options, dim: int, attributes: tuple[str, ...]) -> None:
        super().__init__(options, dim, attributes)
        for regression in self.regressions.values():
            *_, weight, bias = regression.parameters()
            nn.init.zeros_(weight)
            nn.init.constant_(bias, 0.5)


@hookimpl
def register_heads(register: Register) -> None:
    for name, head in (("ordinary-start", OrdinaryStart), ("zero-start", ZeroStart)):
        register(name, f"{__name__}:{head.__name__}", help=str(head.__doc__))


def register_starts() -> None:
    """Makes the heads of `STARTS` known."""
    registry().add(sys.modules[__name__], "starts")
