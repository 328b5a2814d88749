"""Which hidden state of a pretrained encoder its frames are: one by number, or a weighted sum of all."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Literal

from torch import Tensor, nn

from msftk.errors import InputError

Layer = Literal["last", "weighted"] | int
NO_GRADIENT = ("k_proj.bias", "linear_k.bias")  # softmax over keys takes it away, up to rounding
NEVER = 1e-9  # the chance that a step too few were waited for


def freeze_unused(model: Any, layer: Layer, n_states: int, asked: str, *, norms_last: bool = False) -> None:
    """Freezes what nothing would train where frames are that layer's; `norms_last`: a weighted last one is normed.

    Raises InputError where the model has no such layer; `asked` says what was asked of whom.
    """
    encoder, is_whisper = getattr(model, "encoder", model), model.config.model_type == "whisper"
    if isinstance(layer, int):
        if not 0 <= layer < n_states:
            raise InputError(
                f"{asked} has layers 0 (input of the first) to {n_states - 1}. "
                "Choose one of them, 'last' or 'weighted'."
            )
        encoder.layers[layer:].requires_grad_(False)
    has_last_norm = is_whisper or getattr(model.config, "do_stable_layer_norm", False)
    # Whisper's last hidden state is normed, that of the others is not
    normed = ("last", "weighted", n_states - 1) if is_whisper else ("last", "weighted" if norms_last else "last")
    if has_last_norm and layer not in normed:
        encoder.layer_norm.requires_grad_(False)
    if is_whisper:
        for front in (encoder.conv1, encoder.conv2, encoder.embed_positions):
            front.requires_grad_(False)
    if (mask_embedding := getattr(model, "masked_spec_embed", None)) is not None:
        mask_embedding.requires_grad_(False)


def learnable(encoder: nn.Module) -> list[str]:
    """Names of parameters that learn, but for biases that cannot."""
    return [name for name, own in encoder.named_parameters() if own.requires_grad and not name.endswith(NO_GRADIENT)]


def steps_to_hear(n_layers: int, layerdrop: float) -> int:
    """After so many steps no layer was passed by in all of them, but for a chance of `NEVER`."""
    return math.ceil(math.log(NEVER / n_layers) / math.log(layerdrop)) if 0 < layerdrop < 1 else 0


def last_changed(states: Iterable[Tensor], change: Callable[[Tensor], Tensor]) -> Iterator[Tensor]:
    """The states, the last one changed; one is held at a time."""
    each = iter(states)
    held = next(each)
    for state in each:
        yield held
        held = state
    yield change(held)


def last_of(states: Iterable[Tensor]) -> Tensor:
    """The last one, the others not held."""
    return deque(states, maxlen=1).pop()


def state_of(states: Iterable[Tensor], number: int) -> Tensor:
    """The state by its number, 0 being what the first layer reads; later ones are not asked for."""
    return next(islice(states, number, None))


def weighted_sum(states: Iterable[Tensor], weights: Tensor) -> Tensor:
    """states [batch, time, dim], one a weight -> their weighted sum, held as a running one."""
    total: Tensor | None = None
    for state, weight in zip(states, weights, strict=True):
        total = weight * state if total is None else total + weight * state
    assert total is not None
    return total
