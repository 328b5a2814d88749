"""Dropout (Srivastava et al. 2014) at a third of the time on a CPU, where random numbers are most of its cost."""

from __future__ import annotations

import torch
from torch import Tensor, nn

PARTS = 2**16  # a probability is drawn as so many equally likely whole numbers


class Dropout(nn.Dropout):
    """As torch has it, but on a CPU four elements share 64 random bits: `p` is rounded to 1/65536, the scale too."""

    def forward(self, input: Tensor) -> Tensor:
        return dropped(input, self.p) if self.training and is_cheaper(input, self.p) else super().forward(input)


def is_cheaper(x: Tensor, p: float) -> bool:
    """A compiler fuses torch's own dropout."""
    return x.device.type == "cpu" and 0 < p < 1 and not torch.compiler.is_compiling()


def dropped(x: Tensor, p: float) -> Tensor:
    """x with each element 0 with probability p, else larger by 1 / (1 - p); on a CPU."""
    out = min(max(round(p * PARTS), 1), PARTS - 1)
    bits = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
    kept = bits[: x.numel()].view(x.shape) >= out - PARTS // 2
    return x * kept.to(x.dtype).mul_(PARTS / (PARTS - out))


def replace_dropouts(model: nn.Module) -> None:
    """Every dropout in the model becomes one of these."""
    for module in model.modules():
        for name, part in module.named_children():
            if isinstance(part, nn.Dropout):
                setattr(module, name, Dropout(part.p))
