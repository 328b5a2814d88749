"""Mean pooling: what most published models do."""

from __future__ import annotations

from torch import Tensor, nn

from msftk.interfaces import Options as BaseOptions
from msftk.interfaces import Pooling


class Mean(Pooling, nn.Module):
    """frames [batch, time, dim] -> their mean over valid frames [batch, dim]; nothing learns."""

    class Options(BaseOptions):
        """No options."""

    def __init__(self, options: Options, dim: int) -> None:
        super().__init__()
        self.pooled_dim = dim

    def forward(self, frames: Tensor, valid: Tensor) -> Tensor:
        return mean_of_valid(frames, valid)


def mean_of_valid(frames: Tensor, valid: Tensor) -> Tensor:
    """frames [batch, time, dim], valid [batch, time] -> [batch, dim]; padding is not read, NaN in it neither."""
    total = frames.masked_fill(~valid.unsqueeze(-1), 0.0).sum(dim=1)
    return total / valid.sum(dim=1, keepdim=True)
