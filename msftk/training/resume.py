"""The state of a run after an epoch: a killed run goes on from the last one, to the same end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from msftk.training.checkpoints import FORMAT_VERSION, load_state, read_tensors, write_tensors, write_text
from msftk.training.randomness import random_state, set_random_state

ABOUT = {"msftk": json.dumps({"format_version": FORMAT_VERSION})}


@dataclass(frozen=True)
class Reached:
    """Where a run is: epochs done, the best one so far (0: none) and its mean CCC on dev."""

    epoch: int = 0
    best_epoch: int = 0
    best_ccc: float | None = None


def save_state(
    folder: Path, reached: Reached, network: nn.Module, optimiser: Optimizer, device: torch.device, *, is_best: bool
) -> None:
    """Writes `folder`/epoch-N, complete or not at all, then removes older ones; the best weights stand beside it.

    The random state is part of it, so that dropout goes on as if nothing had happened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if is_best:
        write_tensors(_best(folder, reached.epoch), network.state_dict(), ABOUT)
    partial = folder / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    write_tensors(partial / "network.safetensors", network.state_dict(), ABOUT)
    write_tensors(partial / "optimiser.safetensors", _optimiser_tensors(network, optimiser), ABOUT)
    write_tensors(partial / "random.safetensors", random_state(device), ABOUT)
    write_text(partial / "state.json", json.dumps({"format_version": FORMAT_VERSION, **asdict(reached)}) + "\n")
    partial.rename(folder / f"epoch-{reached.epoch:05d}")
    for old in folder.iterdir():
        keep = {f"epoch-{reached.epoch:05d}", _best(folder, reached.best_epoch).name, "run.json"}
        if old.name not in keep:
            shutil.rmtree(old) if old.is_dir() else old.unlink()


def load_state_into(folder: Path, network: nn.Module, optimiser: Optimizer, device: torch.device) -> Reached:
    """Restores the last complete epoch, if there is one."""
    saved = sorted(folder.glob("epoch-*")) if folder.is_dir() else []
    if not saved:
        return Reached()
    last = saved[-1]
    values = json.loads((last / "state.json").read_text(encoding="utf-8"))
    values.pop("format_version")
    load_state(network, read_tensors(last / "network.safetensors")[1], last / "network.safetensors")
    _restore_optimiser(network, optimiser, read_tensors(last / "optimiser.safetensors")[1])
    set_random_state(device, read_tensors(last / "random.safetensors")[1])
    return Reached(**values)


def best_weights(folder: Path, reached: Reached) -> dict[str, Tensor]:
    """Weights of the epoch that was best on dev, name -> tensor."""
    return read_tensors(_best(folder, reached.best_epoch))[1]


def _best(folder: Path, epoch: int) -> Path:
    return folder / f"best-{epoch:05d}.safetensors"


def _optimiser_tensors(network: nn.Module, optimiser: Optimizer) -> dict[str, Tensor]:
    """Its state by parameter name; what a step size is follows from the step and is not kept."""
    return {
        f"{name}/{key}": value
        for name, parameter in network.named_parameters()
        for key, value in optimiser.state.get(parameter, {}).items()
    }


def _restore_optimiser(network: nn.Module, optimiser: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    parameters = dict(network.named_parameters())
    for path, value in tensors.items():
        name, _, key = path.rpartition("/")
        parameter = parameters[name]
        # AdamW keeps its step count on the CPU, its moments beside the parameter
        optimiser.state[parameter][key] = value if key == "step" else value.to(parameter.device)
