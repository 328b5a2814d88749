"""Runs the layers of WavLM or a written-out wav2vec 2.0 one by one: with our attention, compiled where that pays."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Literal

import torch
from torch import Tensor

from msftk.errors import InputError
from msftk_plugins.acoustic.compiling import Compiling, compile_options
from msftk_plugins.acoustic.dropout import replace_dropouts
from msftk_plugins.acoustic.padding import within
from msftk_plugins.acoustic.plain_attention import mask as plain_mask
from msftk_plugins.acoustic.wavlm import sdpa
from msftk_plugins.acoustic.wavlm.attention import GatedAttention

Attention = Literal["auto", "sdpa", "triton", "transformers"]


class WaveLayers:
    """The layers of a loaded transformers WavLM, or of a written-out model; parameters keep their names.

    attention: "triton" never writes the bias out, and needs a CUDA GPU; "sdpa" runs everywhere; "auto" takes the former
    where it can; "transformers" leaves the model as it was.
    """

    def __init__(self, model: Any, attention: Attention, compiling: Compiling) -> None:
        self.model, self.attention, self.compiling = model, attention, compiling
        self.compiled = False
        self.device: torch.device | None = None
        self.gated = attention != "transformers" and model.config.model_type == "wavlm"
        if self.gated:
            replace_dropouts(model)
            for layer in model.encoder.layers:
                layer.attention = GatedAttention(layer.attention, sdpa.attend)

    def states(self, features: Tensor, n_frames: Tensor) -> Iterator[Tensor]:
        """features [batch, conv_dim, time] -> [batch, time, dim]: what the first layer reads, then what each says."""
        self._settle(features.device)
        encoder, n = self.model.encoder, features.shape[-1]
        hidden, _ = self.model.feature_projection(features.transpose(1, 2))
        padded = ~within(n_frames, n)
        hidden = hidden.masked_fill(padded.unsqueeze(-1), 0.0)
        hidden = hidden + _positional(encoder.pos_conv_embed, hidden)
        if not self.norms_last:
            hidden = encoder.layer_norm(hidden)
        hidden = encoder.dropout(hidden)
        yield hidden
        yield from self.above(hidden, n_frames, 0)

    def above(self, hidden: Tensor, n_frames: Tensor, number: int) -> Iterator[Tensor]:
        """What each layer says from hidden state `number` on, [batch, time, dim]."""
        self._settle(hidden.device)
        encoder, n = self.model.encoder, hidden.shape[1]
        padded = ~within(n_frames, n)
        mask, positions = self._mask_and_positions(n_frames, n, padded)
        for place, layer in enumerate(encoder.layers[number:], start=number):
            layerdrop = self.model.config.layerdrop if encoder.training and place else 0.0
            if layerdrop and torch.rand([]) < layerdrop:  # LayerDrop (Fan et al. 2019), drawn as transformers draws it
                continue
            hidden, positions = layer(hidden, attention_mask=mask, position_bias=positions)
            yield hidden

    def last(self, hidden: Tensor) -> Tensor:
        """The last layer's state -> what the model gives."""
        return self.model.encoder.layer_norm(hidden) if self.norms_last else hidden

    @property
    def norms_last(self) -> bool:
        return bool(self.model.config.do_stable_layer_norm)

    def _mask_and_positions(self, n_frames: Tensor, n: int, padded: Tensor) -> tuple[Tensor | None, Tensor | None]:
        if self.attention == "transformers":
            return ~padded, None
        if not self.gated:
            return plain_mask(n_frames, n), None
        form = _form(self.attention, n_frames.device)
        return form.mask(n_frames, n), form.positions(self.model.encoder.layers[0].attention.table(n))

    def _settle(self, device: torch.device) -> None:
        """Chooses the attention for the device; compiles the layers, once, when compiling is on."""
        layers = self.model.encoder.layers
        if device != self.device and self.gated:
            attend = _form(self.attention, device).attend
            for layer in layers:
                layer.attention.attend = attend
        self.device = device
        if self.compiling.on and not self.compiled:
            for layer in layers:
                layer.compile(**compile_options(device))
            self.compiled = True


def _positional(embed: Any, hidden: Tensor) -> Tensor:
    """The model's convolution over time; contiguous in time cudnn runs its groups five times as fast."""
    convolved = embed.padding(embed.conv(hidden.transpose(1, 2).contiguous()))
    positional: Tensor = embed.activation(convolved)
    return positional.transpose(1, 2)


def _form(attention: Attention, device: torch.device) -> ModuleType:
    able = device.type == "cuda" and find_spec("triton") is not None
    if attention == "triton" and not able:
        raise InputError(
            f"acoustic.attention is triton, which needs a CUDA GPU and the package triton: this is {device.type}. "
            "Use auto or sdpa."
        )
    name = "sdpa" if attention == "sdpa" or not able else "kernel"
    return import_module(f"msftk_plugins.acoustic.wavlm.{name}")
