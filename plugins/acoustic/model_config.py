"""What a rebuilt speech encoder keeps of transformers' ways: its configuration, and layers that are computed twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class ModelConfig(SimpleNamespace):
    """A configuration of transformers, as its config.json has it."""

    def to_json_string(self, use_diff: bool = True) -> str:
        return json.dumps(vars(self))


class Checkpointed(nn.Module):
    """Where it is `checkpointed`, training keeps its input alone and computes it again for the gradient."""

    checkpointed = False

    def __call__(self, *args: Any, **named: Any) -> Any:
        if self.checkpointed and self.training and torch.is_grad_enabled():
            return checkpoint(super().__call__, *args, use_reentrant=False, **named)
        return super().__call__(*args, **named)


def checkpoint_layers(layers: Iterable[Any]) -> None:
    for layer in layers:
        layer.checkpointed = True


def unset(make: Callable[[Mapping[str, Any]], Any], config: Mapping[str, Any]) -> Any:
    """What `make` makes of a configuration, its weights only described: `set_weights` brings them."""
    with torch.device("meta"):
        return make(config)


def set_weights(model: nn.Module, state: Mapping[str, Tensor], *, strict: bool = True) -> None:
    """Loads a state; what was only described takes the tensors themselves, in float32, without a copy."""
    whole = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    model.load_state_dict(whole, strict=strict, assign=any(own.is_meta for own in model.parameters()))
