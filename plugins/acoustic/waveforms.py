"""What encoders of wav2vec 2.0's family are given: waveforms, through a front end of frozen convolutions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from msftk.types import Float32
from msftk_plugins.acoustic.compiling import Compiling
from msftk_plugins.acoustic.front_end import normed_features
from msftk_plugins.acoustic.padding import Length, within


class Waveforms:
    """[samples] float32; frames every 20 ms, (n - kernel) // stride + 1 of them, convolution by convolution."""

    def __init__(self, config: Any, front_end: nn.Module, compiling: Compiling) -> None:
        self.kernels, self.strides = config.conv_kernel, config.conv_stride
        self.shortest = shortest_input(self.kernels, self.strides)
        self.norms_over_time = getattr(config, "feat_extract_norm", "layer") == "group"
        self.front_end, self.compiling = front_end, compiling

    def prepare(self, waveform: Float32) -> Float32:
        """The waveform, zero-padded to what one frame needs."""
        missing = max(0, self.shortest - len(waveform))
        return (np.pad(waveform, (0, missing)) if missing else waveform).astype(np.float32, copy=False)

    def n_frames(self, lengths: Length) -> Length:
        return frame_counts(lengths, self.kernels, self.strides)

    def n_counted(self, lengths: Length) -> Length:
        """As the MSP-Podcast challenge's baseline counts them: one or two more, which are padding in a batch."""
        return (lengths - 1) // math.prod(self.strides) + 1

    def with_more(self, inputs: Tensor) -> Tensor:
        """Inputs [batch, samples] with silence behind them for the frames that are counted beyond theirs."""
        return nn.functional.pad(inputs, (0, 2 * math.prod(self.strides)))

    @torch.no_grad()
    def features(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """[batch, samples] -> [batch, conv_dim, time] by the frozen convolutions.

        Models with feat_extract_norm "group" (wav2vec2-base, hubert-base) normalise over time, so in a padded batch
        silence would change every frame: their utterances go through one by one, each at its own length.
        """
        if torch.compiler.is_compiling():
            return features_in_graph(self.front_end, inputs, lengths)
        if not self.norms_over_time:
            normed: Tensor = normed_features(self.front_end, inputs, self.compiling)
            return normed
        single = [self.front_end(row[None, :n])[0].T for row, n in zip(inputs, lengths.tolist(), strict=True)]
        features = pad_sequence(single, batch_first=True).transpose(1, 2)
        longest = self.n_frames(inputs.shape[1])
        return nn.functional.pad(features, (0, longest - features.shape[-1]))

    def states(self, model: Any, inputs: Tensor, lengths: Tensor, hidden_states: bool) -> Sequence[Tensor]:
        """All hidden states [batch, time, dim] of a model of transformers, or the last one alone."""
        inside = within(lengths, inputs.shape[1])
        features = self.features(inputs, lengths)
        answer = model(features, attention_mask=inside.long(), output_hidden_states=hidden_states)
        return answer.hidden_states if hidden_states else [answer.last_hidden_state]


def normalised(samples: Tensor, lengths: Tensor, variance_eps: float) -> Tensor:
    """samples [batch, n], lengths [batch] -> zero mean and unit variance each, zero behind its length."""
    own, n = within(lengths, samples.shape[1]), lengths.unsqueeze(1)
    centred = (samples - samples.masked_fill(~own, 0.0).sum(1, keepdim=True) / n).masked_fill(~own, 0.0)
    return centred / (centred.square().sum(1, keepdim=True) / n + variance_eps).sqrt()


def features_in_graph(front_end: Any, samples: Tensor, lengths: Tensor) -> Tensor:
    """`Waveforms.features` of a whole batch by operations that a graph can hold: one without a length of its own."""
    hidden = samples.unsqueeze(1)
    for layer in front_end.conv_layers:
        if isinstance(norm := getattr(layer, "layer_norm", None), nn.GroupNorm):
            hidden = layer.conv(hidden)
            lengths = frame_counts(lengths, layer.conv.kernel_size, layer.conv.stride)
            hidden = layer.activation(_normed_over_time(norm, hidden, within(lengths, hidden.shape[-1]).unsqueeze(1)))
        else:
            hidden = layer(hidden)
    return hidden


def _normed_over_time(norm: nn.GroupNorm, hidden: Tensor, own: Tensor) -> Tensor:
    """hidden [batch, channel, time], a group a channel: normed over the frames that are `own` [batch, 1, time]."""
    n = own.sum(2, keepdim=True)
    centred = hidden - hidden.masked_fill(~own, 0.0).sum(2, keepdim=True) / n
    variance = centred.square().masked_fill(~own, 0.0).sum(2, keepdim=True) / n
    normed: Tensor = centred / (variance + norm.eps).sqrt()
    return normed * norm.weight.unsqueeze(1) + norm.bias.unsqueeze(1)


def frame_counts(lengths: Length, kernels: Iterable[int], strides: Iterable[int]) -> Length:
    """Frames that unpadded convolutions make of `lengths` samples; at least one, which `prepare` provides for."""
    for kernel, stride in zip(kernels, strides, strict=True):
        lengths = (lengths - kernel) // stride + 1
    return lengths


def shortest_input(kernels: Iterable[int], strides: Iterable[int]) -> int:
    """Samples that one frame is made of: 400 (25 ms) for the WavLM family."""
    n = 1
    for kernel, stride in reversed(list(zip(kernels, strides, strict=True))):
        n = (n - 1) * stride + kernel
    return n
