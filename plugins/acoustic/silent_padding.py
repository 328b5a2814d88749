"""Convolutions over frames that hear silence behind a recording, as they do when it is alone."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from msftk_plugins.acoustic.padding import within


class SilentPadding:
    """Before each convolution within `positions` what is behind a recording's `n_frames` [batch] becomes zero.

    Several convolutions one behind the other (data2vec-audio), or a norm before one (HuBERT's batch norm), would hear
    there what the one before them said of padding.
    """

    def __init__(self, positions: nn.Module) -> None:
        self.n_frames: Tensor | None = None
        for part in positions.modules():
            if isinstance(part, nn.Conv1d):
                part.register_forward_pre_hook(self._silence)

    def _silence(self, _: nn.Module, inputs: Any) -> Any:
        hidden, *others = inputs  # [batch, channel, time]
        assert self.n_frames is not None
        return hidden.masked_fill(~within(self.n_frames, hidden.shape[2]).unsqueeze(1), 0.0), *others
