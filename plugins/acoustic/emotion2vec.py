"""emotion2vec (Ma et al. 2024): data2vec 2.0 taught on emotional speech, after the public code of FunASR."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, pad, scaled_dot_product_attention

from msftk.interfaces import Options as BaseOptions
from msftk.interfaces import Place, Pool, PretrainedEncoder
from msftk.types import Float32, Float64
from msftk_plugins.acoustic.compiling import Compiling
from msftk_plugins.acoustic.dropout import Dropout
from msftk_plugins.acoustic.emotion2vec_tensors import read_tensors, sizes_of
from msftk_plugins.acoustic.model_config import ModelConfig
from msftk_plugins.acoustic.padding import within
from msftk_plugins.acoustic.wave_model import USUAL, FrontEnd
from msftk_plugins.acoustic.waveforms import Waveforms, normalised
from msftk_plugins.weights import folder_digest

VARIANCE_EPS = 1e-5  # of the normalisation of an utterance
DROPOUT = 0.1  # in training: of attention, of what it says, and of what the feed-forward network says


class Emotion2vec(PretrainedEncoder, nn.Module):
    """Seven frozen convolutions, a few over time for positions, then blocks whose attention falls off with distance
    (ALiBi with learned scales). Frames of the last block come every 20 ms.

    Each utterance is normalised. A checkpoint keeps the sizes, and rebuilds the network without its source.
    """

    class Options(BaseOptions):
        model: Place = Field("emotion2vec", description="folder with its tensors as model.safetensors")

    needs_f0: ClassVar[bool] = False
    slopes: Tensor

    def __init__(self, options: Options, config: str | None = None) -> None:
        super().__init__()
        self.options, self.rebuilt = options, config is not None
        tensors = read_tensors(Path(options.model)) if config is None else {}
        self.sizes: dict[str, Any] = sizes_of(tensors, options.model) if config is None else json.loads(config)
        sizes, dim = self.sizes, self.sizes["dim"]
        self.dim: int = dim
        shape = ModelConfig(
            **{**USUAL, "conv_dim": [sizes["conv"]] * len(USUAL["conv_kernel"]), "feat_extract_norm": "layer"}
        )
        self.front_end = FrontEnd(shape).requires_grad_(False)
        self.front = Waveforms(shape, self.front_end, Compiling("off"))
        self.project = nn.Sequential(nn.LayerNorm(sizes["conv"]), nn.Linear(sizes["conv"], dim))
        width, groups = sizes["width"], sizes["groups"]
        self.positions = nn.ModuleList(
            nn.Conv1d(dim, dim, width, padding=width // 2, groups=groups) for _ in range(sizes["positions"])
        )
        self.extra_tokens = nn.Parameter(torch.zeros(1, sizes["extra"], dim))
        self.alibi_scale = nn.Parameter(torch.ones(sizes["scales"], 1, sizes["heads"], 1, 1))
        self.register_buffer("slopes", torch.tensor(slopes(sizes["heads"])), persistent=False)
        self.norm, self.dropout = nn.LayerNorm(dim), Dropout(DROPOUT)
        self.layers = nn.ModuleList(Block(dim, sizes["heads"], sizes["inside"]) for _ in range(sizes["blocks"]))
        if tensors:
            self.load_state_dict(dict(tensors))

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32:
        """waveform [samples] -> [samples], zero mean and unit variance; at least what one frame needs."""
        prepared: Float32 = self.front.prepare((waveform - waveform.mean()) / np.sqrt(waveform.var() + VARIANCE_EPS))
        return prepared

    @property
    def shortest_samples(self) -> int:  # type: ignore[override]
        shortest: int = self.front.shortest
        return shortest

    def in_graph(self, value: str | None = None) -> Emotion2vec:
        return self

    def from_sound(self, samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """samples [batch, n], lengths [batch] -> both as `prepare` makes them; n is at least one frame."""
        return normalised(samples, lengths, VARIANCE_EPS), lengths.clamp(min=self.shortest_samples)

    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Nothing is fitted."""

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """inputs [batch, samples], lengths [batch] -> frames [batch, time, dim], valid [batch, time]."""
        inputs = inputs.masked_fill(~within(lengths, inputs.shape[1]), 0.0)
        features = self.front.features(inputs, lengths).transpose(1, 2)
        valid = within(self.front.n_frames(lengths), features.shape[1])
        hidden = self._placed(self.project(features), valid.unsqueeze(-1))
        n_extra = self.extra_tokens.shape[1]
        hidden = torch.cat([self.extra_tokens.expand(hidden.shape[0], -1, -1), hidden], dim=1)
        hidden = self.dropout(self.norm(hidden))
        padded = ~pad(valid, (n_extra, 0), value=True)[:, None, None]  # [batch, 1, 1, key]
        far = pad(self._distances(features.shape[1]), (n_extra, 0, n_extra, 0))  # none to the extra ones
        scales = self.alibi_scale.clamp(min=0)
        for k, layer in enumerate(self.layers):
            bias = (far * scales[min(k, len(scales) - 1)]).expand(hidden.shape[0], -1, -1, -1)
            hidden = layer(hidden, bias.masked_fill(padded, -torch.inf))
        return hidden[:, n_extra:].masked_fill(~valid.unsqueeze(-1), 0.0), valid

    def _placed(self, hidden: Tensor, valid: Tensor) -> Tensor:
        """Adds what the convolutions over time say of the place; what is padded is silent to each of them."""
        n, said = hidden.shape[1], hidden
        for convolution in self.positions:
            convolved = convolution(said.masked_fill(~valid, 0.0).transpose(1, 2))[..., :n].transpose(1, 2)
            said = gelu(layer_norm(convolved, convolved.shape[-1:]))
        return hidden + said

    def _distances(self, n: int) -> Tensor:
        """[head, n, n]: minus the distance of two frames, by the slope of the head."""
        place = torch.arange(n, device=self.slopes.device)
        return -(place - place.unsqueeze(1)).abs() * self.slopes.view(-1, 1, 1)

    def pooled(self, inputs: Tensor, lengths: Tensor, pool: Pool) -> Tensor:
        """[batch, 1, size]: the last block's frames."""
        return pool(*self(inputs, lengths)).unsqueeze(1)

    def pretrained_parameters(self) -> Iterable[nn.Parameter]:
        return [own for own in self.parameters() if own.requires_grad]

    def must_learn(self) -> Iterable[str]:
        return [name for name, own in self.named_parameters() if own.requires_grad]

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return list(self.layers)

    def config_json(self) -> str:
        """The sizes."""
        return json.dumps(self.sizes, sort_keys=True)

    def identity(self) -> Mapping[str, str]:
        return {} if self.rebuilt else self.source(self.options)

    @classmethod
    def source(cls, options: Options) -> Mapping[str, str]:
        """The hash of the folder's files."""
        return {"model": f"sha256:{folder_digest(Path(options.model))}", "revision": ""}

    @classmethod
    def unstorable(cls, options: Options) -> str:
        """Nothing depends on the training part."""
        return ""


class Block(nn.Module):
    """Attention, then a feed-forward network, each with a norm behind it; names as published."""

    def __init__(self, dim: int, n_heads: int, inside: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.attn = nn.ModuleDict({"qkv": nn.Linear(dim, 3 * dim), "proj": nn.Linear(dim, dim)})
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(dim, inside), "fc2": nn.Linear(inside, dim)})
        self.dropout = Dropout(DROPOUT)

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        """hidden [batch, time, dim], bias [batch, head, time, time] -> hidden"""
        query, key, value = self.attn["qkv"](hidden).unflatten(-1, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(query, key, value, bias, dropout_p=DROPOUT if self.training else 0.0)
        hidden = self.norm1(hidden + self.dropout(self.attn["proj"](mixed.transpose(1, 2).flatten(2))))
        inside = gelu(self.mlp["fc1"](hidden))
        said: Tensor = self.norm2(hidden + self.dropout(self.mlp["fc2"](inside)))
        return said


def slopes(n_heads: int) -> list[float]:
    """How fast each head's attention falls off with distance (Press et al. 2022); between powers of two, every second
    one of the next.

    >>> slopes(4)
    [0.25, 0.0625, 0.015625, 0.00390625]
    >>> len(slopes(12)), slopes(12)[8]
    (12, 0.7071067811865476)
    """
    whole = 2 ** int(math.log2(n_heads))
    own = [2 ** (-8 * (k + 1) / whole) for k in range(whole)]
    return own if whole == n_heads else own + slopes(2 * whole)[0::2][: n_heads - whole]
