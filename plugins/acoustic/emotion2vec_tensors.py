"""The published tensors of emotion2vec, by the names of encoder `emotion2vec`, and its sizes out of their shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open
from torch import Tensor

from msftk.errors import InputError
from msftk_plugins.weights import PICKLES

AUDIO = "modality_encoders.AUDIO."
PRENET = "context_encoder.blocks."
CONVERT = (
    "python -c \"import torch, safetensors.torch as s; t = torch.load('{pickle}', weights_only=True); s.save_file({{k: "
    "v.contiguous().clone() for k, v in t.get('model', t).items() if k.split('.')[0] != '_ema'}}, "
    "'{folder}/model.safetensors')\""
)
NAMED = (  # of what stands under AUDIO; all else there, and heads and decoders, is of pretraining
    (r"local_encoder\.conv_layers\.(\d+)\.0\.", r"front_end.conv_layers.\1.conv."),
    (r"local_encoder\.conv_layers\.(\d+)\.2\.1\.", r"front_end.conv_layers.\1.layer_norm."),
    (r"project_features\.1\.", "project.0."),
    (r"project_features\.2\.", "project.1."),
    (r"context_encoder\.norm\.", "norm."),
    (r"(extra_tokens|alibi_scale)$", r"\1"),
)


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """Those of the encoder. Raises InputError: no weights, a pickle, or tensors of another model."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        pickle = next((path for pattern in PICKLES for path in sorted(folder.glob(pattern))), None)
        if pickle is not None:
            raise InputError(
                f"{folder}: weights only as a pickle ({pickle.name}), which can run code when it is read; it is not "
                f"opened. Convert it once: {CONVERT.format(pickle=pickle, folder=folder)}"
            )
        raise InputError(
            f"acoustic.model '{folder}': no model.safetensors there. Give the folder that holds emotion2vec's tensors."
        )
    tensors: dict[str, Tensor] = {}
    for file in files:
        with safe_open(file, "pt") as opened:
            tensors |= {name.removeprefix("d2v_model."): opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    n_prenet = len({name.split(".")[4] for name in tensors if name.startswith(f"{AUDIO}{PRENET}")})
    named = {_ours(name, n_prenet): tensor.float() for name, tensor in tensors.items()}
    named.pop("", None)
    if "alibi_scale" not in named or "front_end.conv_layers.0.conv.weight" not in named:
        raise InputError(f"acoustic.model '{folder}': its tensors are not those of emotion2vec. Give another folder.")
    scale = named["alibi_scale"]
    named["alibi_scale"] = scale if scale.dim() == 5 else scale.unsqueeze(0)  # as its own code reads older ones
    return named


def sizes_of(tensors: Mapping[str, Tensor], where: str) -> dict[str, Any]:
    """What the network is built from. Raises InputError where a tensor is missing."""
    try:
        width, position = tensors["project.1.weight"], tensors["positions.0.weight"]
        return {
            "conv": width.shape[1],
            "dim": width.shape[0],
            "width": position.shape[2],
            "groups": position.shape[0] // position.shape[1],
            "positions": _count(tensors, "positions."),
            "extra": tensors["extra_tokens"].shape[1],
            "scales": tensors["alibi_scale"].shape[0],
            "heads": tensors["alibi_scale"].shape[2],
            "inside": tensors["layers.0.mlp.fc1.weight"].shape[0],
            "blocks": _count(tensors, "layers."),
        }
    except KeyError as error:
        raise InputError(f"acoustic.model '{where}': without the tensor {error}. Fetch it anew.") from error


def _ours(name: str, n_prenet: int) -> str:
    """Its name here, or "" of a tensor that the encoder does not need."""
    if found := re.match(r"blocks\.(\d+)\.(.*)", name):
        return f"layers.{n_prenet + int(found[1])}.{found[2]}"
    own = name.removeprefix(AUDIO)
    if own == name:
        return ""
    if found := re.match(r"context_encoder\.blocks\.(\d+)\.(.*)", own):
        return f"layers.{found[1]}.{found[2]}"
    if found := re.match(r"relative_positional_encoder\.(\d+)\.0\.(.*)", own):
        return f"positions.{int(found[1]) - 1}.{found[2]}"
    for pattern, ours in NAMED:
        if re.match(pattern, own):
            return re.sub(pattern, ours, own)
    return ""


def _count(tensors: Mapping[str, Tensor], prefix: str) -> int:
    return len({name.removeprefix(prefix).partition(".")[0] for name in tensors if name.startswith(prefix)})
