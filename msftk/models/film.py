"""Feature-wise linear modulation: a condition vector scales and shifts another vector, dimension by dimension."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from msftk.interfaces import Acoustics, FusionSizes

At = Literal["pooled", "frames"]


class FilmLayer(nn.Module):
    """scale * h + shift, with scale, shift = MLP(condition) (paper Eqs. 5-6).

    The scale is 1 + the MLP's output and the last layer starts at zero, so training starts at the unmodulated vector.
    """

    def __init__(self, condition_dim: int, dim: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        first, last = nn.Linear(condition_dim, hidden), nn.Linear(hidden, 2 * dim)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.mlp = nn.Sequential(first, nn.ReLU(), nn.Dropout(dropout), last)

    def scale_and_shift(self, condition: Tensor) -> tuple[Tensor, Tensor]:
        """condition [batch, condition_dim] -> film_scale, film_shift, each [batch, dim] (Eq. 6)."""
        scale_offset, film_shift = self.mlp(condition).chunk(2, dim=-1)
        return 1 + scale_offset, film_shift

    def forward(self, h_audio: Tensor, condition: Tensor, present: Tensor) -> Tensor:
        """h_audio [batch, dim] or [batch, time, dim]; where `present` [batch] is False, h_audio comes back as it is."""
        film_scale, film_shift = self.scale_and_shift(condition)
        one_per_utterance = (-1, *(1,) * (h_audio.dim() - 2), h_audio.shape[-1])
        modulated = film_scale.reshape(one_per_utterance) * h_audio + film_shift.reshape(one_per_utterance)  # Eq. 5
        return torch.where(present.reshape(-1, *(1,) * (h_audio.dim() - 1)), modulated, h_audio)


class AcousticFilm(FilmLayer):
    """The pooled acoustic vector under a condition; the paper does not say where FiLM acts.

    "pooled" modulates the pooled vector. "frames" modulates every frame alike, then pools again: so meaning also moves
    which frames the pooling attends to.
    """

    def __init__(self, condition_dim: int, sizes: FusionSizes, at: At, hidden: int, dropout: float = 0.0) -> None:
        super().__init__(condition_dim, sizes.pooled_dim if at == "pooled" else sizes.frame_dim, hidden, dropout)
        self.at = at

    def forward(self, acoustics: Acoustics, condition: Tensor, present: Tensor) -> Tensor:  # type: ignore[override]
        """condition [batch, condition_dim], present [batch] bool -> [batch, pooled_dim]."""
        if self.at == "pooled":
            return super().forward(acoustics.pooled, condition, present)
        return acoustics.pool(super().forward(acoustics.frames, condition, present), acoustics.valid)
