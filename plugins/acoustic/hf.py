"""Pretrained speech encoders, by model id or folder: WavLM, wav2vec 2.0 (MMS), HuBERT, data2vec, Whisper, w2v-BERT."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from msftk.errors import InputError
from msftk.interfaces import Pool, PretrainedEncoder
from msftk.types import Float32, Float64
from msftk_plugins.acoustic.compiling import Compiling
from msftk_plugins.acoustic.hf_options import HfOptions
from msftk_plugins.acoustic.layers import (
    Layer,
    freeze_unused,
    last_changed,
    last_of,
    learnable,
    state_of,
    steps_to_hear,
    weighted_sum,
)
from msftk_plugins.acoustic.mel import StackedMel, WhisperMel
from msftk_plugins.acoustic.mel_in_graph import rows_in_graph
from msftk_plugins.acoustic.model_config import Described
from msftk_plugins.acoustic.padding import pads_exactly, within
from msftk_plugins.acoustic.pretrained import (
    build_from_config,
    load_pretrained,
    mel_input,
    model_identity,
    plain_config,
    save_mel_settings,
    save_pretrained,
    whisper_encoder,
)
from msftk_plugins.acoustic.published import fill, published_encoder
from msftk_plugins.acoustic.silent_padding import SilentPadding
from msftk_plugins.acoustic.wave_model import WaveModel
from msftk_plugins.acoustic.waveforms import Waveforms, normalised
from msftk_plugins.acoustic.wavlm.layers import WaveLayers

VARIANCE_EPS = 1e-7  # as transformers' feature extractor normalises an utterance
SD_EPS = 1e-6  # as the public MSP-Podcast baseline normalises globally


class HfAcousticEncoder(PretrainedEncoder, Described):
    """A transformers speech encoder; convolutions in front stay frozen, what is above them is fine-tuned.

    Frames come every 20 ms. An encoder that hears padding (data2vec-audio) is given one recording at a time.
    A checkpoint keeps `config_json()` beside the weights; given as `config` it rebuilds the network, and the model that
    the options name is not read again.
    """

    Options = HfOptions

    needs_f0: ClassVar[bool] = False
    mean: Tensor
    sd: Tensor

    def __init__(self, options: HfOptions, config: str | None = None) -> None:
        super().__init__()
        self.options = options
        self.rebuilt = config is not None
        published = None if self.rebuilt else published_encoder(options.model)
        if published is not None:
            config = published.acoustic_config
        model = (
            load_pretrained(options.model, options.revision)
            if config is None
            else build_from_config(config, options.model, options.revision, rebuilt=options.attention != "transformers")
        )
        self.config = model.config
        self.dim: int = self.config.hidden_size
        self.is_whisper = self.config.model_type == "whisper"
        self.compiling = Compiling(options.compile)
        if not hasattr(self.config, "conv_kernel"):
            self.front: Waveforms | WhisperMel | StackedMel = mel_input(self.config, options.model, options.revision)
            model = whisper_encoder(model) if self.is_whisper else model
        else:
            # The front end is called by `front`, not inside the model: it stays without graph.
            self.front_end, model.feature_extractor = model.feature_extractor, nn.Identity()
            self.front = Waveforms(self.config, self.front_end.requires_grad_(False), self.compiling)
        self.model = model.requires_grad_(True)
        if options.gradient_checkpointing:
            model = self.model  # transformers renamed it in the midst of version 5
            enable = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
            enable({"use_reentrant": False})
        n_states = self.config.num_hidden_layers + 1
        asked = f"acoustic.layer is {options.layer}: {options.model}"
        freeze_unused(self.model, options.layer, n_states, asked, norms_last=options.norm_weighted)
        self.layer_logits = nn.Parameter(torch.zeros(n_states)) if options.layer == "weighted" else None
        if options.layer != "last":
            self.keep_layers()  # a dropped one leaves no hidden state: later ones would be taken for their neighbours
        in_steps = self.config.model_type == "wavlm" or isinstance(self.model, WaveModel)
        self.layers = WaveLayers(self.model, options.attention, self.compiling) if in_steps else None
        if options.padding_frames and not isinstance(self.front, Waveforms):
            raise InputError(f"acoustic.padding_frames: {options.model} reads no waveforms. Leave it out.")
        if options.normalise == "global" and not isinstance(self.front, Waveforms):
            raise InputError(
                f"acoustic.normalise is global: {options.model} reads mel features, which its extractor normalises. "
                "Leave acoustic.normalise out."
            )
        if options.normalise == "global":
            self.register_buffer("mean", torch.zeros(()))
            self.register_buffer("sd", torch.ones(()))
        if published is not None:
            fill(self, published.tensors)
        is_exact = in_steps or self.is_whisper  # by what they read
        self.silent_padding: SilentPadding | None = None
        self.one_by_one = not is_exact and not self._pads_exactly()

    def _pads_exactly(self) -> bool:
        exactly: bool = pads_exactly(self.model, lambda waveform: self.prepare(waveform, None), self._frames)
        return exactly

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Tensor:
        """waveform [samples] -> [samples], or [rows, mels] of mel features, float32; at least what one frame needs."""
        if self.options.normalise == "utterance" and isinstance(self.front, Waveforms):
            waveform = (waveform - waveform.mean()) / np.sqrt(waveform.var() + VARIANCE_EPS)
        return torch.from_numpy(self.front.prepare(waveform))

    @property
    def shortest_samples(self) -> int:  # type: ignore[override]
        return 1 if isinstance(self.front, WhisperMel) else self.front.shortest

    @property
    def longest_s(self) -> float:  # type: ignore[override]
        return self.front.longest_s if isinstance(self.front, WhisperMel) else math.inf

    def in_graph(self, value: str | None = None) -> HfAcousticEncoder:
        if self.one_by_one and (positions := getattr(self.model.encoder, "pos_conv_embed", None)) is not None:
            self.silent_padding = SilentPadding(positions)
            self.one_by_one = not self._pads_exactly()
        if self.one_by_one:
            raise InputError(
                f"acoustic.model {self.options.model} hears the padding behind a recording, which no exported graph "
                "leaves out. Export a run of WavLM, wav2vec 2.0, HuBERT or Whisper."
            )
        self.rows = None if isinstance(self.front, Waveforms) else rows_in_graph(self.front)
        return self

    def from_sound(self, samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """samples [batch, n], lengths [batch] -> both as `prepare` makes them; n is at least one frame."""
        if self.rows is not None:
            rows, n_rows = self.rows(samples, lengths)
            return rows, n_rows
        if self.options.normalise == "utterance":
            samples = normalised(samples, lengths, VARIANCE_EPS)
        else:
            samples = samples.masked_fill(~within(lengths, samples.shape[1]), 0.0)
        return samples, lengths.clamp(min=self.shortest_samples)

    def fit(self, prepared: Iterable[Tensor]) -> None:
        """Global mean and standard deviation over all training samples, where `normalise` is global."""
        if self.options.normalise != "global":
            return
        n, total, squares = 0, torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
        for waveform in prepared:
            samples = waveform.double()
            n, total, squares = n + len(samples), total + samples.sum(), squares + samples.square().sum()
        mean = total / n
        self.mean.copy_(mean)
        self.sd.copy_((squares / n - mean.square()).clamp(min=0).sqrt())

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """inputs [batch, n, ...], lengths [batch] -> frames [batch, time, dim], valid [batch, time]."""
        self.compiling.decide(inputs.device, self.training)
        if not self.one_by_one:
            return self._frames(inputs, lengths)
        single = [self._frames(row[None, :n], n[None]) for row, n in zip(inputs, lengths, strict=True)]
        frames, valid = zip(*single, strict=True)
        return (
            pad_sequence([one[0] for one in frames], batch_first=True),
            pad_sequence([one[0] for one in valid], batch_first=True),
        )

    def _frames(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        states, n_frames = self._states(inputs, lengths, self.options.layer)
        # a running sum: of a frozen model only that is in a graph
        frames = next(states) if self.layer_logits is None else weighted_sum(states, self.layer_logits.softmax(0))
        valid = within(n_frames, frames.shape[1])
        return frames.masked_fill(~valid.unsqueeze(-1), 0.0), valid

    def pooled(self, inputs: Tensor, lengths: Tensor, pool: Pool) -> Tensor:
        """[batch, state, size]: one state where `layer` chooses one, all of them where it is weighted."""
        if self.one_by_one and len(inputs) > 1:
            single = zip(inputs, lengths, strict=True)
            return torch.cat([self.pooled(row[None, :n], n[None], pool) for row, n in single])
        states, n_frames = self._states(inputs, lengths, self.options.layer)
        return torch.stack([pool(frames, within(n_frames, frames.shape[1])) for frames in states], dim=1)

    @property
    def resumes(self) -> bool:  # type: ignore[override]  # where layers are called here
        is_ours = self.layers is not None and self.options.attention != "transformers"
        return is_ours and self.layer_logits is None and not self.options.padding_frames

    def state(self, inputs: Tensor, lengths: Tensor, number: int) -> tuple[Tensor, Tensor]:
        states, n_frames = self._states(inputs, lengths, number)
        frames = next(states)
        return frames, within(n_frames, frames.shape[1])

    def above(self, hidden: Tensor, lengths: Tensor, number: int) -> tuple[Tensor, Tensor]:
        assert self.layers is not None
        self.compiling.decide(hidden.device, self.training)
        states = chain((hidden,), self.layers.above(hidden, lengths, number))
        layer = self.options.layer
        frames = state_of(states, layer - number) if isinstance(layer, int) else self.layers.last(last_of(states))
        valid = within(lengths, frames.shape[1])
        return frames.masked_fill(~valid.unsqueeze(-1), 0.0), valid

    def _states(self, inputs: Tensor, lengths: Tensor, layer: Layer) -> tuple[Iterator[Tensor], Tensor]:
        """The states that `layer` chooses, [batch, time, dim] each, and how many of their frames are valid [batch]."""
        inside = within(lengths, inputs.shape[1])
        if self.options.normalise == "global":
            inputs = (inputs - self.mean) / (self.sd + SD_EPS)
        inputs = inputs.masked_fill(~inside.view(*inside.shape, *(1,) * (inputs.dim() - 2)), 0.0)
        n_frames = self.front.n_frames(lengths)
        if self.silent_padding is not None:
            self.silent_padding.n_frames = n_frames
        if not self.options.padding_frames:
            longest = self.front.n_frames(inputs.shape[1])
            return (state[:, :longest] for state in self._chosen(inputs, lengths, n_frames, layer)), n_frames
        assert isinstance(self.front, Waveforms)
        counted = self.front.n_counted(inputs.shape[1])
        states = self._chosen(self.front.with_more(inputs), lengths, n_frames, layer)
        return (state[:, :counted] for state in states), self.front.n_counted(lengths)

    def _norm_behind(self, hidden: Tensor) -> Tensor:
        """The last layer's state as the model gives it."""
        encoder = getattr(self.model, "encoder", self.model)
        normed: Tensor = encoder.layer_norm(hidden) if getattr(self.config, "do_stable_layer_norm", False) else hidden
        return normed

    def pretrained_parameters(self) -> Iterable[nn.Parameter]:
        return [parameter for parameter in self.model.parameters() if parameter.requires_grad]

    def must_learn(self) -> Iterable[str]:
        """All that learns, but for biases that cannot."""
        names: Iterable[str] = learnable(self)
        return names

    @property
    def taught_within(self) -> int:  # type: ignore[override]
        """More steps where layers are dropped in training (LayerDrop)."""
        layerdrop = getattr(
            getattr(self.model, "encoder", self.model), "layerdrop", getattr(self.config, "layerdrop", 0.0)
        )
        more: int = steps_to_hear(len(self.blocks), layerdrop)
        return super().taught_within + more

    def config_json(self) -> str:
        """The model's configuration, for the checkpoint: what describes layers, and names no code."""
        text: str = plain_config(self.config)
        return text

    def write_model(self, folder: Path, value: str | None = None) -> None:
        """config.json, model.safetensors and, where mel features are read, preprocessor_config.json."""
        if value is not None:
            raise InputError(f"{value}: this run's encoder did not learn by a column. Leave --value out.")
        if isinstance(self.front, Waveforms):
            save_pretrained(folder, self.model, feature_extractor=self.front_end)
            return
        save_mel_settings(folder, self.front)
        if self.is_whisper:  # its decoder, which is not ours, comes from where the encoder came from
            whole = load_pretrained(self.options.model, self.options.revision)
            save_pretrained(folder, whole, encoder=self.model)
        else:
            save_pretrained(folder, self.model)

    def identity(self) -> Mapping[str, str]:
        """The pretrained model by the hash of its files, and the commit that `revision` stood for, for the card.

        Empty where a checkpoint rebuilt the network: then its weights are the checkpoint's.
        """
        return {} if self.rebuilt else self.source(self.options)

    def keep_layers(self) -> None:
        """No layer is dropped in training."""
        encoder = getattr(self.model, "encoder", self.model)
        self.config.layerdrop = encoder.layerdrop = 0.0

    @property
    def blocks(self) -> Sequence[nn.Module]:
        """The transformer layers, up to the one that `layer` chooses."""
        layers: Sequence[nn.Module] = getattr(self.model, "encoder", self.model).layers
        return layers[: self.options.layer] if isinstance(self.options.layer, int) else layers

    @property
    def last_norm(self) -> nn.Module | None:
        """The norm behind the last layer, where it learns."""
        norm = getattr(getattr(self.model, "encoder", self.model), "layer_norm", None)
        norms_last = self.is_whisper or getattr(self.config, "do_stable_layer_norm", False)
        return norm if norm is not None and norms_last and norm.weight.requires_grad else None

    @classmethod
    def source(cls, options: HfOptions) -> Mapping[str, str]:
        """`identity()` of a model that need not be loaded."""
        identity: Mapping[str, str] = model_identity(options.model, options.revision)
        return identity

    @classmethod
    def unstorable(cls, options: HfOptions) -> str:
        """Waveforms normalised over the training part are others in each fold."""
        return (
            "acoustic.normalise is global, over the training part: what frozen layers say of that cannot be stored. "
            "Use --set acoustic.normalise=utterance."
            if options.normalise == "global"
            else ""
        )

    def _chosen(self, inputs: Tensor, lengths: Tensor, n_frames: Tensor, layer: Layer) -> Iterator[Tensor]:
        """The states [batch, time, dim] that `layer` asks for: one, or all."""
        if self.layers is not None:
            states: Iterable[Tensor] = self.layers.states(self.front.features(inputs, lengths), n_frames)
            if layer == "last":
                return iter((self.layers.last(last_of(states)),))
        else:
            states = self.front.states(self.model, inputs, lengths, hidden_states=layer != "last")
            if layer == "last":
                return iter(states)
        if layer == "weighted" and self.options.norm_weighted and not self.is_whisper:
            states = last_changed(states, self._norm_behind)
        return iter(states) if layer == "weighted" else iter((state_of(states, layer),))
