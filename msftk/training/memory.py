"""Whether training fits in memory, and with how many utterances at once: told before the first step."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from msftk.errors import InputError
from msftk.files import json_text, read_json_object, write_whole
from msftk.models.free_memory import free_bytes
from msftk.models.network import SerNetwork
from msftk.models.randomness import random_state, set_random_state
from msftk.models.where import Where
from msftk.registry import registry
from msftk.runs.folder import ANEW, RunFolder
from msftk.runs.inputs import Examples
from msftk.settings import Settings
from msftk.training.steps import forward

KEPT_BY_ADAMW = 3  # a gradient and two moments of each trained parameter
MARGIN = 1.2  # over what the backward pass keeps: gradients of activations, fragments
WORKSPACE = 250_000_000  # of libraries and of the frozen front end, measured on a CPU
GB = 1e9
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Need:
    """Bytes beside the weights: `fixed`, and what each utterance of a micro-batch adds, the longest at worst."""

    fixed: int
    utterance: int

    def of(self, micro_batch: int) -> int:
        return round(self.fixed + MARGIN * self.utterance * micro_batch)

    def fits(self, free: int, batch: int) -> int:
        """The largest power of two up to `batch` that fits, 0 for none."""
        sizes = (2**power for power in range(batch.bit_length()))
        return max((size for size in sizes if self.of(size) <= free), default=0)


def measure(network: SerNetwork, train: Examples, where: Where) -> Need:
    """From one forward pass on the two longest utterances; nothing of the network or of the random state changes."""
    longest = sorted(range(len(train)), key=lambda row: -train.lengths[row])[:2]
    before, state = random_state(where.device), {name: one.clone() for name, one in network.named_buffers()}
    was_training = network.training
    network.train()
    parameters = {one.untyped_storage().data_ptr(): one for one in network.parameters()}
    cast = {one.numel() for one in parameters.values()} if where.autocast else set()
    kept: dict[int, int] = {}
    casts: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            is_cast = tensor.dtype == where.autocast and tensor.numel() in cast  # once a step, for all micro-batches
            (casts if is_cast else kept)[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        forward(network, train.batch(longest).to(where.device), where)
    network.train(was_training)
    with torch.no_grad():
        for name, one in network.named_buffers():
            one.copy_(state[name])
    set_random_state(where.device, before)
    trained = sum(one.numel() * one.element_size() for one in network.parameters() if one.requires_grad)
    return Need(WORKSPACE + KEPT_BY_ADAMW * trained + sum(casts.values()), sum(kept.values()) // len(longest))


def micro_batch_of(network: SerNetwork, train: Examples, settings: Settings, run: RunFolder, where: Where) -> int:
    """`training.micro_batch`; where that is "auto" the largest power of two that fits, which the run keeps.

    Raises InputError where it does not fit, with what would.
    """
    training, place = settings.training, run.state / "micro_batch.json"
    if place.is_file():
        return _kept(place)
    need, free = measure(network, train, where), free_bytes(where.device)
    is_auto = training.micro_batch == "auto"
    asked = training.batch if training.micro_batch == "auto" else min(training.micro_batch, training.batch)
    fitting = asked if free is None else need.fits(free, training.batch)
    chosen = max(fitting, 1) if is_auto else asked
    log.info(
        "micro-batches of %d need about %.1f GB beside the weights on %s", chosen, need.of(chosen) / GB, where.device
    )
    if free is not None and need.of(chosen) > free:
        raise InputError(
            f"training needs about {need.of(chosen) / GB:.1f} GB on {where.device} for micro-batches of {chosen}, and "
            f"{free / GB:.1f} GB are free. {_what_would(settings, need, free, fitting)}"
        )
    if is_auto:
        write_whole(place, json_text({"micro_batch": chosen}) + "\n")
    return chosen


def _what_would(settings: Settings, need: Need, free: int, fitting: int) -> str:
    """What makes it fit, for those who may choose: smaller micro-batches, less sound, fewer trained weights."""
    known = registry().get("acoustic-encoder", settings.acoustic.name).load().Options.model_fields
    said, less = "", []
    if fitting:
        said = f"What would fit: --set training.micro_batch={fitting}. "
    elif (seconds := settings.data.seconds_kept * (free - need.fixed) / (need.of(1) - need.fixed)) >= 1:
        said = f"What would fit: --set training.micro_batch=1 --set data.seconds_kept={int(seconds)}. "
    if "gradient_checkpointing" in known:  # a pretrained encoder
        if not settings.acoustic.options.get("gradient_checkpointing"):
            less.append("--set acoustic.gradient_checkpointing=true (slower)")
        if settings.component("adaptation").name != "frozen":
            less.append("--set acoustic.freeze=true (trains what is above the encoder)")
    return f"{said}Less is needed with {' or '.join(less)}." if less else said or "Take a machine with more memory."


def _kept(place: Path) -> int:
    """What an earlier part of this run was trained with: another size would round differently."""
    size = read_json_object(place, ANEW).get("micro_batch")
    if not isinstance(size, int) or size < 1:
        raise InputError(f"{place}: micro_batch is {size!r}, expected a whole number. {ANEW}")
    return size
