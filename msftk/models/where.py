"""Where a network runs: on which device, in which precision its encoder, and as which of several processes."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import torch

from msftk.errors import InputError
from msftk.launched import local_rank, rank, world_size


@dataclass(frozen=True)
class Where:
    """One object for all that depends on the machine, handed down from the job.

    `autocast`: what the acoustic encoder computes in, None as its weights are. All after it is float32: a bf16 step
    (2^-9 of the unit scale) is larger than what a training step moves. `rank` of `world_size` processes is this one.
    """

    device: torch.device
    autocast: torch.dtype | None = None
    rank: int = 0
    world_size: int = 1

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes files."""
        return self.rank == 0

    def encoding(self) -> AbstractContextManager[object]:
        """The precision of the acoustic encoder, as a context."""
        return torch.autocast(
            self.device.type, dtype=self.autocast or torch.bfloat16, enabled=self.autocast is not None
        )


CPU = Where(torch.device("cpu"))


def choose_where(device: str) -> Where:
    """auto: CUDA where there is a GPU, else CPU; on CUDA the encoder runs in bf16 where the GPU has it.

    Raises InputError for another name, and for cuda without a GPU.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise InputError(f"--device {device}: expected auto, cpu or cuda.")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch finds no CUDA GPU here. Use --device cpu or auto.")
    if device == "cpu" or not torch.cuda.is_available():
        return Where(CPU.device, None, rank(), world_size())
    here = Where(torch.device("cuda", local_rank()), torch.bfloat16, rank(), world_size())
    if not torch.cuda.is_bf16_supported(including_emulation=False):
        name = torch.cuda.get_device_name(here.device)
        logging.getLogger(__name__).warning("%s does not compute in bf16: the encoder runs in float32 (slower).", name)
        return replace(here, autocast=None)
    return here
