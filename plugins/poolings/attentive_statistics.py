"""Attentive statistics pooling: attention-weighted mean and standard deviation over time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from msftk.interfaces import Options as BaseOptions
from msftk.interfaces import Pooling

VARIANCE_FLOOR = 1e-5  # as in the public MSP-Podcast baseline; keeps the gradient of the square root finite


class AttentiveStatistics(Pooling, nn.Module):
    """frames [batch, time, dim] -> [mean; sd] [batch, 2 dim], weighted by a softmax over valid frames (paper Sec. 2.1).

    score_t = v . tanh(W h_t + b), one number a frame; weights are exactly zero on padding. The variance is computed
    about the weighted mean (two passes), which stays accurate where E[x^2] - E[x]^2 would cancel.
    """

    class Options(BaseOptions):
        """No options."""

    def __init__(self, options: Options, dim: int) -> None:
        super().__init__()
        self.pooled_dim = 2 * dim
        self.hidden = nn.Linear(dim, dim)
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, frames: Tensor, valid: Tensor) -> Tensor:
        scores = self.score(torch.tanh(self.hidden(frames))).squeeze(-1)  # [batch, time]
        weights = torch.softmax(scores.float().masked_fill(~valid, -torch.inf), dim=-1).unsqueeze(-1)
        frames = frames.masked_fill(~valid.unsqueeze(-1), 0.0)  # 0 * NaN is NaN: padding must not be read at all
        mean = (weights * frames).sum(dim=1)
        variance = (weights * (frames - mean.unsqueeze(1)).square()).sum(dim=1)
        return torch.cat([mean, variance.clamp(min=VARIANCE_FLOOR).sqrt()], dim=-1)
