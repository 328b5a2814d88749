"""Meaning alone: what a text says without its sound, and all there is in a text corpus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import nn

from msftk.interfaces import Acoustics, Fusion, FusionOutput, FusionSizes, SemanticGroup
from msftk.models.groups import JoinedGroups, MergeOptions, require_groups


class SemanticsOnly(Fusion, nn.Module):
    """The semantic groups joined to one vector, as one expert; sound is not read (nor is any audio in training).

    An utterance without any group is a vector of zeros: every such utterance gets the same prediction.
    """

    class Options(MergeOptions):
        pass

    reads_acoustics: ClassVar[bool] = False  # so training reads no audio

    def __init__(self, options: Options, sizes: FusionSizes) -> None:
        super().__init__()
        require_groups(sizes.groups, "semantics-only")
        self.join = JoinedGroups(sizes.groups, options.group_merge)
        self.out_dim = self.join.dim
        self.expert_names = ("semantic",)
        self.n_attributes = sizes.n_attributes

    def forward(self, acoustics: Acoustics, groups: Mapping[str, SemanticGroup]) -> FusionOutput:
        h_sem, _ = self.join(groups)
        return FusionOutput.single(h_sem, self.n_attributes)
