"""Weights of a PyTorch module for the NumPy oracles."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn


def shaken(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module in evaluation mode, every parameter moved: a layer that starts at zero would prove nothing."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return module.eval()


def weights(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.double().numpy() for name, tensor in module.state_dict().items()}
