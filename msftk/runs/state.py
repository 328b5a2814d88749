"""The state of a run between two steps: a killed run goes on from the last one saved, to the same end."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.optim import Optimizer

from msftk.errors import InputError
from msftk.files import json_text, read_json_object, sync_folder, write_whole
from msftk.models.own import Whole, own_state
from msftk.models.randomness import random_state, set_random_state
from msftk.runs.folder import FORMAT_VERSION, refuse_version
from msftk.runs.weights import load_weights, read_tensors, write_tensors

ANEW = "Remove that folder to train from the beginning."


@dataclass(frozen=True)
class Reached:
    """Where a run is: epochs done, the best one so far (0: none) and its mean CCC on dev.

    `losses`: of the steps done in the epoch after these, `seconds` what they took; none where that is not begun.
    """

    epoch: int = 0
    best_epoch: int = 0
    best_ccc: float | None = None
    losses: tuple[float, ...] = ()
    seconds: float = 0.0


def save_state(
    folder: Path, reached: Reached, network: Whole, optimiser: Optimizer, device: torch.device, *, is_best: bool = False
) -> None:
    """Writes `folder`/epoch-N, or epoch-N-step-K within the epoch after, complete or not at all; then removes older
    ones. The best weights stand beside it.

    The random state is part of it, so that dropout goes on as if nothing had happened. What stands already is as it
    would be written.
    """
    place = _place(folder, reached)
    if place.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if is_best:
        write_tensors(_best(folder, reached.epoch), own_state(network))
    partial = folder / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    write_tensors(partial / "network.safetensors", own_state(network))
    write_tensors(partial / "optimiser.safetensors", _optimiser_tensors(network, optimiser))
    write_tensors(partial / "random.safetensors", random_state(device))
    write_whole(partial / "state.json", json_text({"format_version": FORMAT_VERSION, **asdict(reached)}) + "\n")
    partial.rename(place)
    sync_folder(folder)
    keep = {place, _best(folder, reached.best_epoch)}
    for old in {*folder.glob("epoch-*"), *folder.glob("best-*")} - keep:
        shutil.rmtree(old) if old.is_dir() else old.unlink()


def load_state_into(folder: Path, network: Whole, optimiser: Optimizer, device: torch.device) -> Reached:
    """Restores what was saved last, if anything was. Raises InputError where its files are torn, VersionError."""
    saved = sorted(folder.glob("epoch-*"))
    if not saved:
        return Reached()
    last = saved[-1]
    reached = _read_reached(last / "state.json")
    load_weights(network, read_tensors(last / "network.safetensors")[1], last / "network.safetensors")
    try:
        _restore_optimiser(network, optimiser, read_tensors(last / "optimiser.safetensors")[1])
        set_random_state(device, read_tensors(last / "random.safetensors")[1])
    except (KeyError, RuntimeError, ValueError, TypeError) as error:
        raise InputError(f"{last}: not the state of this network ({error}). {ANEW}") from error
    return reached


def best_weights(folder: Path, reached: Reached) -> dict[str, Tensor]:
    """Weights of the epoch that was best on dev, name -> tensor."""
    return read_tensors(_best(folder, reached.best_epoch))[1]


def _read_reached(path: Path) -> Reached:
    values = read_json_object(path, ANEW)
    if (version := values.pop("format_version", None)) != FORMAT_VERSION:
        refuse_version(path, version, FORMAT_VERSION)
    try:
        reached = Reached(**{**values, "losses": tuple(map(float, values.get("losses", ())))})
        if not (isinstance(reached.epoch, int) and isinstance(reached.best_epoch, int)):
            raise TypeError("epochs are no whole numbers")
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: not where a run is ({error}). {ANEW}") from error
    return reached


def _place(folder: Path, reached: Reached) -> Path:
    """Names in the order in which a run reaches them."""
    step = f"-step-{len(reached.losses):07d}" if reached.losses else ""
    return folder / f"epoch-{reached.epoch:05d}{step}"


def _best(folder: Path, epoch: int) -> Path:
    return folder / f"best-{epoch:05d}.safetensors"


def _optimiser_tensors(network: Whole, optimiser: Optimizer) -> dict[str, Tensor]:
    """Its state by parameter name; what a step size is follows from the step and is not kept."""
    return {
        f"{name}/{key}": value
        for name, parameter in network.named_parameters()
        for key, value in optimiser.state.get(parameter, {}).items()
    }


def _restore_optimiser(network: Whole, optimiser: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    parameters = dict(network.named_parameters())
    for path, value in tensors.items():
        name, _, key = path.rpartition("/")
        parameter = parameters[name]
        # AdamW keeps its step count on the CPU, its moments beside the parameter
        optimiser.state[parameter][key] = value if key == "step" else value.to(parameter.device)
