"""Padding: which places are a recording's own, and whether an encoder hears it the same beside a longer one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

Length = TypeVar("Length", int, Tensor)  # one, or of each of a batch

SHORT, LONG = 5_000, 9_000  # samples
EXACT = 1e-4  # of the frames' norm; sums in another order stay under 1e-5


def within(lengths: Tensor, n: int) -> Tensor:
    """[batch, n] bool: the first `lengths` of n places."""
    return torch.arange(n, device=lengths.device) < lengths.unsqueeze(1)


@torch.no_grad()
def pads_exactly(
    model: nn.Module, prepare: Callable[[np.ndarray], Tensor], frames: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
) -> bool:
    """Tries it on noise; biases are moved meanwhile, for one that is still zero hides what padding leads to."""
    noise = np.random.default_rng(0)
    short, long = (prepare(noise.normal(0, 0.1, n).astype(np.float32)) for n in (SHORT, LONG))
    lengths = torch.tensor([len(short), len(long)])
    with torch.random.fork_rng(devices=[]), _as_after_training(model):
        beside, valid = frames(pad_sequence([short, long], batch_first=True), lengths)
        alone, heard = frames(short[None], lengths[:1])
    one, other = alone[heard], beside[0][valid[0]]
    return one.shape == other.shape and bool((one - other).norm() <= EXACT * one.norm())


@contextmanager
def _as_after_training(model: nn.Module) -> Iterator[None]:
    """In evaluation, biases moved; put back to the last bit."""
    training = model.training
    biases = [(p, p.clone()) for p in model.parameters() if p.dim() == 1]
    draw = torch.Generator().manual_seed(0)
    model.eval()
    for bias, _ in biases:
        bias.add_(0.1 * torch.randn(bias.shape, generator=draw))
    try:
        yield
    finally:
        for bias, before in biases:
            bias.copy_(before)
        model.train(training)
