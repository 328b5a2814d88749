"""A speech encoder inside a published model: its tensors by our names, and its configuration out of their shapes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msftk.errors import InputError
from msftk.interfaces.published import Shapes
from msftk.types import ATTRIBUTES

if TYPE_CHECKING:
    from torch import Tensor

# transformers before 5 and after: the weight-normed convolution of positions
RENAMED = {
    "conv.weight_g": "conv.parametrizations.weight.original0",
    "conv.weight_v": "conv.parametrizations.weight.original1",
}
FRONT = "feature_extractor."
MASK = "masked_spec_embed"
LARGEST = 3e38  # of float32


def wave_tensors(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors of a wav2vec 2.0 or WavLM under `prefix`, by the names of acoustic encoder `hf`."""
    found = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    if MASK not in found:  # of training alone; not every model keeps it
        found[MASK] = next(iter(found.values())).new_zeros(found["encoder.layer_norm.weight"].shape)
    return {_ours(name): tensor for name, tensor in found.items()}


def _ours(name: str) -> str:
    for old, new in RENAMED.items():
        name = name.replace(old, new)
    if name.startswith(FRONT):
        return f"acoustic.front_end.{name.removeprefix(FRONT)}"
    return f"acoustic.model.{name}"


def n_layers(names: Iterable[str], prefix: str) -> int:
    """How many there are of `prefix`0, `prefix`1 ... among the names of tensors."""
    return len({name.removeprefix(prefix).partition(".")[0] for name in names if name.startswith(prefix)})


def wavlm_config(shapes: Shapes, prefix: str) -> str:
    """The configuration of a WavLM of the large kind (a norm before each layer), whose folder does not hold it.

    Kernels and strides are those of every WavLM; all else stands in the shapes.
    """
    own = {name.removeprefix(prefix): shape for name, shape in shapes.items() if name.startswith(prefix)}
    buckets, heads = own["encoder.layers.0.attention.rel_attn_embed.weight"]
    positions = next(shape for name, shape in own.items() if name.endswith(("conv.weight_v", "weight.original1")))
    n_convolutions = n_layers(own, f"{FRONT}conv_layers.")
    hidden = own["encoder.layer_norm.weight"][0]
    return json.dumps(
        {
            "model_type": "wavlm",
            "do_stable_layer_norm": True,
            "feat_extract_norm": "layer",
            "conv_bias": f"{FRONT}conv_layers.0.conv.bias" in own,
            "conv_dim": [own[f"{FRONT}conv_layers.{k}.conv.weight"][0] for k in range(n_convolutions)],
            "hidden_size": hidden,
            "num_hidden_layers": n_layers(own, "encoder.layers."),
            "num_attention_heads": heads,
            "num_buckets": buckets,
            "intermediate_size": own["encoder.layers.0.feed_forward.intermediate_dense.weight"][0],
            "num_conv_pos_embeddings": positions[2],
            "num_conv_pos_embedding_groups": positions[0] // positions[1],
        }
    )


def named_attributes(config: Mapping[str, Any], n: int, usual: Sequence[str]) -> tuple[str, ...]:
    """What the `n` columns of a head are, by `id2label` of config.json; none where it names something else.

    Where it names nothing (LABEL_0 is no name), `usual`, if the head has as many.
    """
    labels = config.get("id2label")
    if isinstance(labels, list):
        labels = dict(enumerate(labels))
    by_column = (
        {str(column): str(label).lower() for column, label in labels.items()} if isinstance(labels, Mapping) else {}
    )
    if all(label.startswith("label_") for label in by_column.values()):
        return tuple(usual) if len(usual) == n else ()
    named = tuple(by_column.get(str(column), "") for column in range(n))  # JSON keeps no order of keys
    return named if len(by_column) == n == len(set(named)) and set(named) <= set(ATTRIBUTES) else ()


def number(config: Mapping[str, Any], key: str, *, positive: bool = False) -> float:
    """A finite number of config.json, above zero where it must be `positive`. Raises InputError where it is none."""
    value = config.get(key)
    if isinstance(value, (int, float)) and abs(value) <= LARGEST and (value > 0 or not positive):
        return float(value)
    asked = "a number above 0" if positive else "a number"
    raise InputError(f"{key} in its config.json is {value}, expected {asked}. Fetch it anew.")


def in_our_order(published: Sequence[str]) -> tuple[tuple[str, ...], list[int]]:
    """Attributes as msftk orders them, and the published column of each.

    >>> in_our_order(["arousal", "dominance", "valence"])
    (('valence', 'arousal', 'dominance'), [2, 0, 1])
    """
    ours = tuple(attribute for attribute in ATTRIBUTES if attribute in published)
    return ours, [list(published).index(attribute) for attribute in ours]
