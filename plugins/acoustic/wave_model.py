"""wav2vec 2.0 (Baevski et al. 2020) and WavLM (Chen et al. 2022), written out.

To import transformers takes longer than to hear a recording. Parameters have the names that transformers gives them, so
that checkpoints fit both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from msftk_plugins.acoustic.dropout import Dropout
from msftk_plugins.acoustic.model_config import Checkpointed, Described, ModelConfig, checkpoint_layers
from msftk_plugins.acoustic.plain_attention import PlainAttention

USUAL = {  # of Wav2Vec2Config and WavLMConfig, for what a configuration leaves out
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "hidden_dropout": 0.1,
    "activation_dropout": 0.1,
    "attention_dropout": 0.1,
    "feat_proj_dropout": 0.0,
    "layerdrop": 0.1,
    "layer_norm_eps": 1e-5,
    "feat_extract_norm": "group",
    "feat_extract_activation": "gelu",
    "conv_dim": [512] * 7,
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "conv_bias": False,
    "num_conv_pos_embeddings": 128,
    "num_conv_pos_embedding_groups": 16,
    "do_stable_layer_norm": False,
    "mask_time_prob": 0.05,
    "mask_feature_prob": 0.0,
    "num_buckets": 320,
    "max_bucket_distance": 800,
}


def wave_model(kept: Mapping[str, Any]) -> WaveModel | None:
    """The model that a configuration of transformers describes, its weights not yet set; None where it is another."""
    config = ModelConfig(**{**USUAL, **kept})
    is_known = kept.get("model_type") in ("wav2vec2", "wavlm") and kept.get("adapter_attn_dim") is None
    if not is_known or {config.hidden_act, config.feat_extract_activation} != {"gelu"}:
        return None
    if config.hidden_size % config.num_attention_heads:
        raise ValueError(f"hidden_size {config.hidden_size} is not shared out by {config.num_attention_heads} heads")
    return WaveModel(config)


class WaveModel(Described):
    """What `WaveLayers` runs."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.feature_extractor = FrontEnd(config)
        self.feature_projection = FeatureProjection(config)
        if config.mask_time_prob > 0 or config.mask_feature_prob > 0:  # of pretraining alone
            self.masked_spec_embed = nn.Parameter(torch.empty(config.hidden_size))
        self.encoder = Encoder(config)

    def gradient_checkpointing_enable(self, _: Mapping[str, Any]) -> None:
        checkpoint_layers(self.encoder.layers)


class FrontEnd(nn.Module):
    """samples [batch, n] -> [batch, conv_dim, time]"""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        sizes = zip([1, *config.conv_dim], config.conv_dim, config.conv_kernel, config.conv_stride, strict=False)
        norms = ["layer" if config.feat_extract_norm == "layer" else ""] * len(config.conv_dim)
        norms[0] = config.feat_extract_norm
        self.conv_layers = nn.ModuleList(
            ConvLayer(*size, config.conv_bias, norm) for size, norm in zip(sizes, norms, strict=True)
        )

    def forward(self, samples: Tensor) -> Tensor:
        hidden = samples.unsqueeze(1)
        for layer in self.conv_layers:
            hidden = layer(hidden)
        return hidden


class ConvLayer(nn.Module):
    """A convolution, its norm ("layer" over channels, "group" over time, "" none) and GELU."""

    def __init__(self, n_in: int, n_out: int, kernel: int, stride: int, bias: bool, norm: str) -> None:
        super().__init__()
        self.conv = nn.Conv1d(n_in, n_out, kernel, stride, bias=bias)
        self.norm = norm
        if norm:
            self.layer_norm = nn.LayerNorm(n_out) if norm == "layer" else nn.GroupNorm(n_out, n_out)
        self.activation = nn.GELU()

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = self.conv(hidden)
        if self.norm == "layer":
            hidden = self.layer_norm(hidden.transpose(1, 2)).transpose(1, 2)
        elif self.norm:
            hidden = self.layer_norm(hidden)
        activated: Tensor = self.activation(hidden)
        return activated


class FeatureProjection(nn.Module):
    """[batch, time, conv_dim] -> [batch, time, dim], and what was normed on the way."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(config.conv_dim[-1], eps=config.layer_norm_eps)
        self.projection = nn.Linear(config.conv_dim[-1], config.hidden_size)
        self.dropout = Dropout(config.feat_proj_dropout)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        normed = self.layer_norm(features)
        return self.dropout(self.projection(normed)), normed


class Encoder(nn.Module):
    """The parts that `WaveLayers` calls one by one."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.pos_conv_embed = Positions(config)
        self.layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = Dropout(config.hidden_dropout)
        self.layers = nn.ModuleList(Layer(config, is_first=k == 0) for k in range(config.num_hidden_layers))
        self.layerdrop: float = config.layerdrop


class Positions(nn.Module):
    """The convolution over time whose activation is added to each frame."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.num_conv_pos_embeddings
        self.conv = NormedConv(config.hidden_size, width, config.num_conv_pos_embedding_groups)
        self.one_more = width % 2 == 0
        self.activation = nn.GELU()

    def padding(self, hidden: Tensor) -> Tensor:
        return hidden[..., :-1] if self.one_more else hidden


class NormedConv(nn.Module):
    """A convolution over time with weight normalisation by place in the kernel (Salimans and Kingma 2016)."""

    def __init__(self, size: int, width: int, groups: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.empty(size))
        weight: Any = nn.Module()
        weight.original0 = nn.Parameter(torch.empty(1, 1, width))
        weight.original1 = nn.Parameter(torch.empty(size, size // groups, width))
        self.parametrizations: Any = nn.ModuleDict({"weight": weight})  # as torch names them
        self.width, self.groups = width, groups

    def forward(self, hidden: Tensor) -> Tensor:
        length, direction = self.parametrizations["weight"].parameters()
        weight = direction * (length / direction.norm(dim=(0, 1), keepdim=True))
        return nn.functional.conv1d(hidden, weight, self.bias, padding=self.width // 2, groups=self.groups)


class Layer(Checkpointed):
    """Attention and a feed-forward network, each with a norm before it ("stable") or after it."""

    def __init__(self, config: ModelConfig, *, is_first: bool) -> None:
        super().__init__()
        self.norms_first = config.do_stable_layer_norm
        self.attention = PlainAttention(config.hidden_size, config.num_attention_heads, config.attention_dropout)
        if config.model_type == "wavlm":
            self.attention.add_positions(config.num_buckets, config.max_bucket_distance, with_table=is_first)
        self.dropout = Dropout(config.hidden_dropout)
        self.layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.feed_forward = FeedForward(config)
        self.final_layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(
        self, hidden: Tensor, attention_mask: Tensor | None = None, position_bias: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        heard = self.layer_norm(hidden) if self.norms_first else hidden
        mixed, _, position_bias = self.attention(heard, attention_mask=attention_mask, position_bias=position_bias)
        hidden = hidden + self.dropout(mixed)
        if self.norms_first:
            return hidden + self.feed_forward(self.final_layer_norm(hidden)), position_bias
        hidden = self.layer_norm(hidden)
        return self.final_layer_norm(hidden + self.feed_forward(hidden)), position_bias


class FeedForward(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.intermediate_dropout = Dropout(config.activation_dropout)
        self.intermediate_dense = nn.Linear(config.hidden_size, config.intermediate_size)
        self.output_dense = nn.Linear(config.intermediate_size, config.hidden_size)
        self.output_dropout = Dropout(config.hidden_dropout)

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = self.intermediate_dropout(nn.functional.gelu(self.intermediate_dense(hidden)))
        said: Tensor = self.output_dropout(self.output_dense(hidden))
        return said
