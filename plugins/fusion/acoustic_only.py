"""Acoustics alone: the baseline that every semantic source is measured against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import nn

from msftk.interfaces import Acoustics, Fusion, FusionOutput, FusionSizes, SemanticGroup
from msftk.interfaces import Options as BaseOptions


class AcousticOnly(Fusion, nn.Module):
    """The pooled acoustic vector as it is, as one expert; semantic groups are not read (paper Sec. 2.1, baseline)."""

    class Options(BaseOptions):
        """No options."""

    reads_semantics: ClassVar[bool] = False  # so training does not extract any

    def __init__(self, options: Options, sizes: FusionSizes) -> None:
        super().__init__()
        self.out_dim = sizes.pooled_dim
        self.expert_names = ("acoustic",)
        self.n_attributes = sizes.n_attributes

    def forward(self, acoustics: Acoustics, groups: Mapping[str, SemanticGroup]) -> FusionOutput:
        return FusionOutput.single(acoustics.pooled, self.n_attributes)
