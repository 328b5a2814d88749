"""What a rebuilt speech encoder keeps of transformers' ways: its configuration, and layers that are computed twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
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


class Described(nn.Module):
    """A module whose weights may be described alone, as `unset` leaves them: loading a state brings them."""

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch does, in float32; what was only described takes the tensors themselves, without a copy."""
        whole = {name: one.float() if one.is_floating_point() else one for name, one in state_dict.items()}
        return super().load_state_dict(whole, strict, assign or any(own.is_meta for own in self.parameters()))


def unset(make: Callable[[Mapping[str, Any]], Any], config: Mapping[str, Any]) -> Any:
    """What `make` makes of a configuration, its weights only described."""
    with torch.device("meta"):
        return make(config)
