"""Gradients of one optimiser step, over one or many micro-batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from msftk.errors import InputError
from msftk.interfaces import Loss
from msftk.models.batch import Batch
from msftk.models.network import NetworkOutput, SerNetwork
from msftk.models.randomness import random_state, set_random_state
from msftk.models.where import CPU, Where

Micro = tuple[Batch, Tensor]  # a batch and its targets [batch, attribute]


def check_scope(loss: Loss, name: str, ccc_scope: str) -> None:
    """A loss over a whole batch that reads features cannot be had from predictions alone."""
    if ccc_scope == "batch" and loss.scope == "batch" and loss.reads_features:
        raise InputError(
            f"loss '{name}' reads features, which the two-pass batch scope does not keep. "
            "Use --set training.ccc_scope=micro, or another loss."
        )


def accumulate_gradients(
    network: SerNetwork, loss: Loss, micros: Sequence[Micro], ccc_scope: Literal["batch", "micro"], where: Where = CPU
) -> float:
    """Adds the gradient of the step's loss to the parameters and returns the loss.

    "batch": the loss of all micro-batches as one batch, exactly. "micro": the mean of their losses. A loss that is a
    mean over examples needs no second pass: its micro-batches are weighted by their size.
    """
    if ccc_scope == "batch" and loss.scope == "batch" and len(micros) > 1:
        return _two_passes(network, loss, micros, where)
    n = sum(len(targets) for _, targets in micros)
    total = 0.0
    for batch, targets in micros:
        said = forward(network, batch, where)
        weight = len(targets) / n if loss.scope == "example" else 1 / len(micros)
        value = weight * loss(said.outputs, targets, said.features, network.parameters())
        torch.autograd.backward(value)
        total += value.item()
    return total


def forward(network: SerNetwork, batch: Batch, where: Where) -> NetworkOutput:
    """The network on one batch, in the precision of `where`."""
    output: NetworkOutput = network(batch, network.listen(batch, where))
    return output


def _two_passes(network: SerNetwork, loss: Loss, micros: Sequence[Micro], where: Where) -> float:
    """First pass without graph; the loss' gradient at the predictions; second pass with the same random states.

    Gradient caching (Gao et al. 2021): memory of one micro-batch, gradient of the whole batch. Dropout draws the same
    numbers twice, since each micro-batch starts from the random state it started from before.
    """
    states, said = [], []
    with torch.no_grad():
        for batch, _ in micros:
            states.append(random_state(where.device))
            said.append(forward(network, batch, where).outputs)
    whole = {name: torch.cat([one[name] for one in said]).requires_grad_() for name in said[0]}
    value = loss(whole, torch.cat([targets for _, targets in micros]), {}, network.parameters())
    torch.autograd.backward(
        value
    )  # fills the gradients at the predictions, and those of parameters that the loss reads itself
    start = 0
    for (batch, targets), state in zip(micros, states, strict=True):
        set_random_state(where.device, state)
        again = forward(network, batch, where).outputs
        rows = slice(start, start + len(targets))
        start += len(targets)
        gradients = {name: leaf.grad[rows] for name, leaf in whole.items() if leaf.grad is not None}
        torch.autograd.backward([again[name] for name in gradients], list(gradients.values()))
    return value.item()
