"""Whisper's encoder (Radford et al. 2022), written out; parameters have the names that transformers gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, gelu

from msftk_plugins.acoustic.front_end import BLOCK
from msftk_plugins.acoustic.model_config import Checkpointed, Described, ModelConfig, checkpoint_layers
from msftk_plugins.acoustic.plain_attention import PlainAttention

USUAL = {  # of WhisperConfig, for what a configuration leaves out
    "num_mel_bins": 80,
    "encoder_layers": 4,
    "encoder_attention_heads": 6,
    "encoder_ffn_dim": 1536,
    "encoder_layerdrop": 0.0,
    "activation_function": "gelu",
    "d_model": 384,
    "dropout": 0.0,
    "attention_dropout": 0.0,
    "activation_dropout": 0.0,
    "max_source_positions": 1500,
}


def whisper_model(kept: Mapping[str, Any]) -> WhisperEncoder | None:
    """The encoder that a configuration of transformers describes, its weights not yet set; None where it is another."""
    config = ModelConfig(**{**USUAL, **kept})
    if kept.get("model_type") != "whisper" or config.activation_function != "gelu":
        return None
    config.hidden_size, config.num_hidden_layers = config.d_model, config.encoder_layers
    return WhisperEncoder(config)


class WhisperEncoder(Described):
    """log-mel rows [batch, mels, rows] -> [batch, rows / 2, dim]: all of its positions, whatever was said."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config, size = config, config.d_model
        self.layerdrop: float = config.encoder_layerdrop
        self.conv1 = nn.Conv1d(config.num_mel_bins, size, 3, padding=1)
        self.conv2 = nn.Conv1d(size, size, 3, stride=2, padding=1)
        places = torch.empty(config.max_source_positions, size)
        self.embed_positions = nn.Embedding.from_pretrained(places)
        self.layers = nn.ModuleList(WhisperLayer(config) for _ in range(config.encoder_layers))
        self.layer_norm = nn.LayerNorm(size)

    def get_encoder(self) -> WhisperEncoder:
        """Itself: there is no decoder."""
        return self

    def gradient_checkpointing_enable(self, _: Mapping[str, Any]) -> None:
        checkpoint_layers(self.layers)

    def states(self, mel: Tensor) -> list[Tensor]:
        """What the first layer reads, then what each says; the last one normed."""
        states = [self._begin(mel)]
        for layer in self.layers:
            states.append(layer(states[-1]) if self._keeps(layer) else states[-1])
        return [*states[:-1], self.layer_norm(states[-1])]

    def last(self, mel: Tensor, n: int) -> Tensor:
        """The last state of the first `n` frames; the last layer does not compute the others.

        Where nothing learns, as many recordings at a time as the cache holds.
        """
        if mel.device.type != "cpu" or torch.is_grad_enabled() or torch.compiler.is_compiling():
            return self._last(mel, n)
        at_once = max(1, BLOCK // self.embed_positions.weight.numel())
        return torch.cat([self._last(some, n) for some in mel.split(at_once)])

    def _last(self, mel: Tensor, n: int) -> Tensor:
        hidden, (*layers, top) = self._begin(mel), self.layers
        for layer in layers:
            hidden = layer(hidden) if self._keeps(layer) else hidden
        hidden = top(hidden, n) if self._keeps(top) else hidden[:, :n]
        normed: Tensor = self.layer_norm(hidden)
        return normed

    def _begin(self, mel: Tensor) -> Tensor:
        hidden = gelu(self.conv2(gelu(self.conv1(mel)))).transpose(1, 2)
        return dropout(hidden + self.embed_positions.weight, self.config.dropout, self.training)

    def _keeps(self, _: nn.Module) -> bool:
        """Whether LayerDrop (Fan et al. 2019) keeps a layer."""
        return not (self.training and self.layerdrop > 0 and float(torch.rand([])) < self.layerdrop)


class WhisperLayer(Checkpointed):
    """Attention and a feed-forward network, each with a norm before it."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.p, self.p_inside = config.dropout, config.activation_dropout
        self.self_attn = PlainAttention(
            config.d_model, config.encoder_attention_heads, config.attention_dropout, key_bias=False
        )
        self.self_attn_layer_norm = nn.LayerNorm(config.d_model)
        self.fc1 = nn.Linear(config.d_model, config.encoder_ffn_dim)
        self.fc2 = nn.Linear(config.encoder_ffn_dim, config.d_model)
        self.final_layer_norm = nn.LayerNorm(config.d_model)

    def forward(self, hidden: Tensor, n: int | None = None) -> Tensor:
        """[batch, time, dim] -> its first `n` frames (None: all)."""
        mixed = self.self_attn(self.self_attn_layer_norm(hidden), n_queries=n)[0]
        hidden = hidden[:, :n] + dropout(mixed, self.p, self.training)
        inside = dropout(gelu(self.fc1(self.final_layer_norm(hidden))), self.p_inside, self.training)
        return hidden + dropout(self.fc2(inside), self.p, self.training)
