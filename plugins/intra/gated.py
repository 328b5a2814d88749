"""Gated intra-modal fusion: a learned gate between the semantic sources of one group."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from msftk.interfaces import IntraFusion
from msftk.interfaces import Options as BaseOptions
from msftk.models.gate import Gate


class Gated(IntraFusion, Gate):
    """h_sem = gate * h_local + (1 - gate) * h_global, gate = sigmoid(W [h_local; h_global] + b) (paper Eqs. 3-4).

    The paper leaves the gate's size open: here one value a dimension, or one in all (`gate = "scalar"`). Which source
    is local is told by name, not by position. One source passes through; for more than two the sigmoid becomes a
    softmax over sources. An absent source is left out exactly: one present passes through, none gives zeros.
    """

    class Options(BaseOptions):
        gate: Literal["vector", "scalar"] = Field("vector", description="a gate for each dimension, or one")
        local: str = Field("les", description="the source that the gate multiplies in a pair; else the first one is")

    def __init__(self, options: Options, dim: int, sources: tuple[str, ...]) -> None:
        local = sources.index(options.local) if options.local in sources else 0
        super().__init__(dim, len(sources), scalar=options.gate == "scalar", local=local)
