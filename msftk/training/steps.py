"""Gradients of one optimiser step, over one or many micro-batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import Parameter

from msftk.models.batch import Batch
from msftk.models.network import NetworkOutput, SerNetwork
from msftk.models.processes import add_gradients, counts, gather, total
from msftk.models.randomness import random_state, set_random_state
from msftk.models.where import CPU, Where
from msftk.training.objective import Objective

Micro = tuple[Batch, dict[str, Tensor]]  # a batch and its truths, target -> [batch, column]


def accumulate_gradients(
    network: SerNetwork,
    objective: Objective,
    micros: Sequence[Micro],
    ccc_scope: Literal["batch", "micro"],
    where: Where = CPU,
) -> float:
    """Adds the gradient of the step's loss to the parameters and returns the loss.

    "batch": the loss of all micro-batches as one batch, exactly. "micro": the mean of their losses. A loss that is a
    mean over examples needs no second pass: its micro-batches are weighted by their size.

    `micros` are those of this process; loss and gradients are of the micro-batches of all.
    """
    parameters = list(network.parameters())  # found once a step: that walks over all modules
    if ccc_scope == "batch" and objective.scope == "batch" and (len(micros) > 1 or where.world_size > 1):
        loss = _two_passes(network, objective, micros, parameters, where)
    else:
        loss = _one_pass(network, objective, micros, parameters, where)
    add_gradients([own for own in parameters if own.requires_grad], where.device)
    return loss


def _one_pass(
    network: SerNetwork, objective: Objective, micros: Sequence[Micro], parameters: list[Parameter], where: Where
) -> float:
    n = total(sum(len(batch) for batch, _ in micros), where.device)
    n_micros = total(len(micros), where.device)
    loss = 0.0
    for batch, truths in micros:
        found = forward(network, batch, where)
        shares = {"example": len(batch) / n, "batch": 1 / n_micros}
        value = objective(_outputs(found), truths, found.features, parameters, shares)
        torch.autograd.backward(value)
        loss += value.item()
    return total(loss, where.device)


def forward(network: SerNetwork, batch: Batch, where: Where) -> NetworkOutput:
    """The network on one batch, in the precision of `where`."""
    output: NetworkOutput = network(batch, network.listen(batch, where))
    return output


def _outputs(found: NetworkOutput) -> dict[str, dict[str, Tensor]]:
    return {target: one.outputs for target, one in found.answers.items()}


def _two_passes(
    network: SerNetwork, objective: Objective, micros: Sequence[Micro], parameters: list[Parameter], where: Where
) -> float:
    """First pass without graph; the loss' gradient at the outputs; second pass with the same random states.

    Gradient caching (Gao et al. 2021): memory of one micro-batch, gradient of the whole batch. Dropout draws the same
    numbers twice, since each micro-batch starts from the random state it started from before. Of several processes the
    outputs are gathered, so that each knows the loss of the whole batch and its gradient at its own outputs.
    """
    states, found = [], []
    with torch.no_grad():
        for batch, _ in micros:
            states.append(random_state(where.device))
            found.append(_outputs(forward(network, batch, where)))
    sizes = counts(sum(len(batch) for batch, _ in micros), where.device)
    whole = {
        target: {
            name: gather(torch.cat([one[target][name] for one in found]), sizes).requires_grad_() for name in outputs
        }
        for target, outputs in found[0].items()
    }
    truths = {target: gather(torch.cat([own[target] for _, own in micros]), sizes) for target in whole}
    read = parameters if where.writes else [own.detach() for own in parameters]
    value = objective(whole, truths, {}, read, {"example": 1.0, "batch": 1.0})
    # fills the gradients at the outputs, and (in one process, for they are added up) of parameters that the loss reads
    torch.autograd.backward(value)
    start = sum(sizes[: where.rank])
    for (batch, _), state in zip(micros, states, strict=True):
        set_random_state(where.device, state)
        again = _outputs(forward(network, batch, where))
        rows = slice(start, start + len(batch))
        start += len(batch)
        pairs = [
            (again[target][name], leaf.grad[rows])
            for target, outputs in whole.items()
            for name, leaf in outputs.items()
            if leaf.grad is not None
        ]
        torch.autograd.backward([output for output, _ in pairs], [gradient for _, gradient in pairs])
    return value.item()
