"""WavLM, wav2vec 2.0 and HuBERT as acoustic encoders, by model id or folder."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from msftk.errors import InputError
from msftk.interfaces import AcousticEncoder
from msftk.interfaces import Options as BaseOptions
from msftk.types import Float32, Float64
from msftk_plugins.acoustic.compiling import Compile, Compiling
from msftk_plugins.acoustic.front_end import half_features
from msftk_plugins.acoustic.layers import state_of, weighted_sum
from msftk_plugins.acoustic.pretrained import build_from_config, load_pretrained, model_identity, plain_config
from msftk_plugins.acoustic.wavlm.layers import Attention, WavLMLayers

VARIANCE_EPS = 1e-7  # as transformers' feature extractor normalises an utterance
SD_EPS = 1e-6  # as the public MSP-Podcast baseline normalises globally


class HfAcousticEncoder(AcousticEncoder, nn.Module):
    """A transformers speech encoder with a convolutional front end that stays frozen; what is above is fine-tuned.

    Frames come every 20 ms. Their number follows the convolution arithmetic, (n - kernel) // stride + 1 layer by layer.
    A checkpoint keeps `config_json()` beside the weights; given as `config` it rebuilds the network, and the model that
    the options name is not read again.
    """

    class Options(BaseOptions):
        model: str = Field("microsoft/wavlm-large", description="model id, or folder with config and model.safetensors")
        revision: str | None = Field(None, description="branch, tag or commit of the model id")
        layer: Literal["last", "weighted"] | int = Field(
            "last",
            description="last layer, a learned softmax-weighted sum of all, or one by number (0 = input of the first)",
        )
        normalise: Literal["utterance", "global", "none"] = Field(
            "utterance", description="zero mean and unit variance per utterance, over all training samples, or as it is"
        )
        freeze: bool = Field(False, description="train nothing of the pretrained model")
        gradient_checkpointing: bool = Field(False, description="less memory, more time")
        attention: Attention = Field(
            "auto",
            description="WavLM's attention: triton on a CUDA GPU and sdpa elsewhere, or one of them, or transformers",
        )
        compile: Compile = Field(
            "auto", description="torch.compile for WavLM: auto compiles when training on a CUDA GPU"
        )

    needs_f0: ClassVar[bool] = False

    def __init__(self, options: Options, config: str | None = None) -> None:
        super().__init__()
        self.options = options
        self.rebuilt = config is not None
        model = (
            load_pretrained(options.model, options.revision)
            if config is None
            else build_from_config(config, options.model, options.revision)
        )
        self.config = model.config
        self.dim: int = self.config.hidden_size
        # The front end is called here, not inside the model: see _front_end_features.
        self.front_end, model.feature_extractor = model.feature_extractor, nn.Identity()
        self.front_end.requires_grad_(False)
        self.model = model.requires_grad_(not options.freeze)
        if options.gradient_checkpointing and not options.freeze:
            self.model.gradient_checkpointing_enable({"use_reentrant": False})
        self._prepare_layer(self.config.num_hidden_layers + 1)
        is_wavlm = self.config.model_type == "wavlm"
        self.compiling = Compiling(options.compile)
        self.layers = WavLMLayers(self.model, options.attention, self.compiling) if is_wavlm else None
        if options.normalise == "global":
            self.register_buffer("mean", torch.zeros(()))
            self.register_buffer("sd", torch.ones(()))

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Tensor:
        """waveform [samples] -> [samples] float32, zero-padded to what one frame needs."""
        if self.options.normalise == "utterance":
            waveform = (waveform - waveform.mean()) / np.sqrt(waveform.var() + VARIANCE_EPS)
        missing = max(0, shortest_input(self.config.conv_kernel, self.config.conv_stride) - len(waveform))
        return torch.from_numpy(np.pad(waveform, (0, missing)).astype(np.float32))

    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Global mean and standard deviation over all training samples, where `normalise` is global."""
        if self.options.normalise != "global":
            return
        n, total, squares = 0, 0.0, 0.0
        for waveform in prepared:
            samples = waveform.double()
            n, total, squares = n + len(samples), total + samples.sum(), squares + samples.square().sum()
        mean = total / n
        self.mean.copy_(mean)
        self.sd.copy_((squares / n - mean.square()).clamp(min=0).sqrt())

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """inputs [batch, samples], lengths [batch] -> frames [batch, time, dim], valid [batch, time]."""
        self.compiling.decide(inputs.device, self.training)
        samples = torch.arange(inputs.shape[1], device=inputs.device) < lengths.unsqueeze(1)
        if self.options.normalise == "global":
            inputs = (inputs - self.mean) / (self.sd + SD_EPS)
        features = self._front_end_features(inputs.masked_fill(~samples, 0.0), lengths)  # [batch, conv_dim, time]
        n_frames = frame_counts(lengths, self.config.conv_kernel, self.config.conv_stride)
        valid = torch.arange(features.shape[-1], device=inputs.device) < n_frames.unsqueeze(1)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.options.freeze):
            frames = self._chosen(features, samples, n_frames)
        return frames.masked_fill(~valid.unsqueeze(-1), 0.0), valid

    def train(self, mode: bool = True) -> HfAcousticEncoder:
        """A frozen model stays in evaluation mode: dropout in it would only blur features that nothing learns from."""
        super().train(mode)
        if self.options.freeze:
            self.model.eval()
        return self

    def pretrained_parameters(self) -> Iterable[nn.Parameter]:
        return [parameter for parameter in self.model.parameters() if parameter.requires_grad]

    def config_json(self) -> str:
        """The model's configuration, for the checkpoint: what describes layers, and names no code."""
        return plain_config(self.config)

    def identity(self) -> Mapping[str, str]:
        """The pretrained model by the hash of its files, and the commit that `revision` stood for, for the card.

        Empty where a checkpoint rebuilt the network: then its weights are the checkpoint's.
        """
        return {} if self.rebuilt else model_identity(self.options.model, self.options.revision)

    @torch.no_grad()
    def _front_end_features(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """[batch, samples] -> [batch, conv_dim, time] by the frozen convolutions.

        Models with feat_extract_norm "group" (wav2vec2-base, hubert-base) normalise over time, so in a padded batch
        silence would change every frame: their utterances go through one by one, each at its own length.
        """
        if self.config.feat_extract_norm != "group":
            if not torch.is_autocast_enabled(inputs.device.type):
                return self.front_end(inputs)
            return half_features(self.front_end, inputs, self.compiling)
        single = [self.front_end(row[None, :n])[0].T for row, n in zip(inputs, lengths.tolist(), strict=True)]
        features = pad_sequence(single, batch_first=True).transpose(1, 2)
        longest = frame_counts(torch.tensor(inputs.shape[1]), self.config.conv_kernel, self.config.conv_stride)
        return nn.functional.pad(features, (0, int(longest) - features.shape[-1]))

    def _chosen(self, features: Tensor, samples: Tensor, n_frames: Tensor) -> Tensor:
        """The frames [batch, time, dim] that `layer` asks for."""
        layer = self.options.layer
        if self.layers is not None:
            states: Iterable[Tensor] = self.layers.states(features, n_frames)
            if layer == "last":
                return self.layers.last(deque(states, maxlen=1).pop())
        else:
            answer = self.model(features, attention_mask=samples.long(), output_hidden_states=layer != "last")
            if layer == "last":
                return answer.last_hidden_state
            states = answer.hidden_states
        if self.layer_logits is None:
            return state_of(states, layer)
        return weighted_sum(states, torch.softmax(self.layer_logits, dim=0))

    def _prepare_layer(self, n_states: int) -> None:
        """Gets the hidden states ready that `layer` asks for; what nothing would train is frozen."""
        layer, encoder = self.options.layer, self.model.encoder
        if isinstance(layer, int):
            if not 0 <= layer < n_states:
                raise InputError(
                    f"acoustic.layer is {layer}: {self.options.model} has layers 0 (input of the first) to "
                    f"{n_states - 1}. Choose one of them, 'last' or 'weighted'."
                )
            encoder.layers[layer:].requires_grad_(False)
        if layer != "last":
            # a dropped layer leaves no hidden state, and all later ones would be taken for their neighbours
            self.config.layerdrop = 0.0
            if getattr(self.config, "do_stable_layer_norm", False):
                encoder.layer_norm.requires_grad_(False)  # comes after the last hidden state, so only "last" reads it
        self.layer_logits = nn.Parameter(torch.zeros(n_states)) if layer == "weighted" else None
        if (mask_embedding := getattr(self.model, "masked_spec_embed", None)) is not None:
            mask_embedding.requires_grad_(False)


def frame_counts(lengths: Tensor, kernels: Iterable[int], strides: Iterable[int]) -> Tensor:
    """Frames that unpadded convolutions make of `lengths` samples; at least one, which `prepare` provides for."""
    for kernel, stride in zip(kernels, strides, strict=True):
        lengths = torch.div(lengths - kernel, stride, rounding_mode="floor") + 1
    return lengths


def shortest_input(kernels: Iterable[int], strides: Iterable[int]) -> int:
    """Samples that one frame is made of: 400 (25 ms) for the WavLM family."""
    n = 1
    for kernel, stride in reversed(list(zip(kernels, strides, strict=True))):
        n = (n - 1) * stride + kernel
    return n
