"""AdamW over the parts of a network, and the rate of each step."""

from __future__ import annotations

from torch import nn
from torch.optim import AdamW

from msftk.models.network import SerNetwork
from msftk.models.own import parameter_groups
from msftk.settings import Training


def make_optimiser(network: SerNetwork, training: Training) -> AdamW:
    """AdamW with one group for each learning rate and decay that the network's parts ask for, scratch first."""
    peaks = {"scratch": training.learning_rate, "pretrained": training.learning_rate_pretrained}
    alike: dict[tuple[str, bool], list[nn.Parameter]] = {(rate, decay): [] for rate in peaks for decay in (True, False)}
    for group in parameter_groups(network):
        alike[group.rate, group.decay] += group.parameters
    return AdamW(
        [
            {"params": own, "peak": peaks[rate], "weight_decay": training.weight_decay if decay else 0.0}
            for (rate, decay), own in alike.items()
            if own
        ],
        lr=training.learning_rate,
        fused=True if any(p.is_cuda for p in network.parameters()) else None,  # one kernel for all; the CPU's stays
    )


def set_rates(optimiser: AdamW, factor: float) -> None:
    """Every group gets this share of its peak rate."""
    for group in optimiser.param_groups:
        group["lr"] = factor * group["peak"]


def rate_factor(step: int, total: int, warmup: float) -> float:
    """Share of the peak rate at `step` (0-based): linear rise over the first `warmup` share, then fall to 0."""
    rising = max(1, round(warmup * total)) if warmup > 0 else 0
    return (step + 1) / rising if step < rising else (total - step) / max(1, total - rising)
