"""emotion2vec at a tiny size: random tensors under the published names.

Names and shapes: FunASR, funasr/models/emotion2vec (model.py, audio.py, base.py, modules.py, template.yaml), for the
model emotion2vec/emotion2vec_base.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

AUDIO = "modality_encoders.AUDIO."
DIM, HEADS, CONV, INSIDE, EXTRA, PRENET, BLOCKS, PLACES, WIDTH, GROUPS = 24, 3, 16, 32, 4, 2, 2, 3, 5, 4
KERNELS, STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)
BLOCK = {
    "attn.qkv.weight": (3 * DIM, DIM),
    "attn.qkv.bias": (3 * DIM,),
    "attn.proj.weight": (DIM, DIM),
    "attn.proj.bias": (DIM,),
    "norm1.weight": (DIM,),
    "norm1.bias": (DIM,),
    "mlp.fc1.weight": (INSIDE, DIM),
    "mlp.fc1.bias": (INSIDE,),
    "mlp.fc2.weight": (DIM, INSIDE),
    "mlp.fc2.bias": (DIM,),
    "norm2.weight": (DIM,),
    "norm2.bias": (DIM,),
}


def published() -> dict[str, Tensor]:
    shapes: dict[str, tuple[int, ...]] = {
        f"{AUDIO}extra_tokens": (1, EXTRA, DIM),
        f"{AUDIO}alibi_scale": (1, 1, HEADS, 1, 1),
        f"{AUDIO}project_features.1.weight": (CONV,),
        f"{AUDIO}project_features.1.bias": (CONV,),
        f"{AUDIO}project_features.2.weight": (DIM, CONV),
        f"{AUDIO}project_features.2.bias": (DIM,),
        f"{AUDIO}context_encoder.norm.weight": (DIM,),
        f"{AUDIO}context_encoder.norm.bias": (DIM,),
        f"{AUDIO}decoder.blocks.0.0.weight": (8, DIM, 7),  # of pretraining alone
        "proj.weight": (9, DIM),  # of the classes of emotion2vec+
    }
    for k, kernel in enumerate(KERNELS):
        shapes[f"{AUDIO}local_encoder.conv_layers.{k}.0.weight"] = (CONV, CONV if k else 1, kernel)
        shapes |= {f"{AUDIO}local_encoder.conv_layers.{k}.2.1.{part}": (CONV,) for part in ("weight", "bias")}
    for k in range(PLACES):
        shapes[f"{AUDIO}relative_positional_encoder.{k + 1}.0.weight"] = (DIM, DIM // GROUPS, WIDTH)
        shapes[f"{AUDIO}relative_positional_encoder.{k + 1}.0.bias"] = (DIM,)
    for prefix, n in ((f"{AUDIO}context_encoder.blocks.", PRENET), ("blocks.", BLOCKS)):
        shapes |= {f"{prefix}{k}.{name}": shape for k in range(n) for name, shape in BLOCK.items()}
    draw = torch.Generator().manual_seed(0)
    made = {}
    for name, shape in shapes.items():
        noise = torch.randn(shape, generator=draw)
        is_norm = len(shape) == 1 and name.endswith("weight")
        made[name] = 1 + 0.2 * noise if is_norm or "alibi" in name else noise / max(4, np.prod(shape[1:])) ** 0.5
    return made
