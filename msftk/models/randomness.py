"""All random numbers that a network may draw: torch's, and NumPy's, which transformers use for layer drop and masks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

MODULUS = 2**32  # seeds that NumPy takes


def random_state(device: torch.device) -> dict[str, Tensor]:
    """The state of every generator as tensors, which a checkpoint can hold; `device` may be the CPU or one GPU."""
    numpy: dict[str, Any] = np.random.get_state(legacy=False)
    states = {
        "torch": torch.get_rng_state(),
        "numpy_key": torch.from_numpy(numpy["state"]["key"].astype(np.int64)),
        "numpy_place": torch.tensor([numpy["state"]["pos"], numpy["has_gauss"]]),
        "numpy_gauss": torch.tensor([numpy["gauss"]], dtype=torch.float64),
    }
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_random_state(device: torch.device, states: Mapping[str, Tensor]) -> None:
    """Puts every generator where `random_state` found it."""
    torch.set_rng_state(states["torch"])
    place, has_gauss = states["numpy_place"].tolist()
    numpy = {
        "bit_generator": "MT19937",
        "state": {"key": states["numpy_key"].numpy().astype(np.uint32), "pos": place},
        "has_gauss": has_gauss,
        "gauss": states["numpy_gauss"].item(),
    }
    np.random.set_state(numpy)
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Random numbers from `seed`, and deterministic algorithms; the caller's state comes back afterwards."""
    was_deterministic = torch.are_deterministic_algorithms_enabled()
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS may differ from run to run
    before = random_state(device)
    torch.manual_seed(seed)
    np.random.seed(seed % MODULUS)
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(was_deterministic)
        set_random_state(device, before)
