"""What the published models' own code computes, one recording at a time, written a second time after its public text.

As their scripts do, these run transformers' encoder on one recording; the rest is plain torch on the published tensors.
Each answers [attribute] in the published order: `ORDER`. None of msftk is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import batch_norm, conv1d, conv2d, layer_norm, linear, max_pool2d

ORDER = {
    "audeering-dim": ("arousal", "dominance", "valence"),
    "msp-lab": ("arousal", "dominance", "valence"),
    "vox-profile": ("arousal", "valence", "dominance"),
    "vox-profile-whisper": ("arousal", "valence", "dominance"),
    "wav2small": ("arousal", "dominance", "valence"),
}
Heard = Callable[[np.ndarray], np.ndarray]


def published(name: str, folder: Path) -> Heard:
    """The model of `folder`, as its publisher's script loads it: waveform [samples] -> [attribute]."""
    config = json.loads((folder / "config.json").read_text())
    tensors = load_file(folder / "model.safetensors")
    made: Callable[[dict[str, Any], dict[str, Tensor]], Callable[[Tensor], Tensor]] = {
        "audeering-dim": _audeering,
        "msp-lab": _msp_lab,
        "vox-profile": _vox_profile,
        "vox-profile-whisper": _vox_profile_whisper,
        "wav2small": _wav2small,
    }[name]
    heard = made(config, tensors)

    @torch.no_grad()
    def hear(waveform: np.ndarray) -> np.ndarray:
        return heard(torch.from_numpy(waveform).float()).flatten().numpy()

    return hear


def _loaded(model: Any, tensors: dict[str, Tensor], prefix: str) -> Any:
    own = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    own = {
        name.replace("weight_g", "parametrizations.weight.original0").replace(
            "weight_v", "parametrizations.weight.original1"
        ): tensor
        for name, tensor in own.items()
    }
    model.load_state_dict(own)
    return model.eval()


def _linear(tensors: dict[str, Tensor], name: str, inputs: Tensor) -> Tensor:
    return linear(inputs, tensors[f"{name}.weight"], tensors[f"{name}.bias"])


def _normalised(samples: Tensor) -> Tensor:
    """As transformers' Wav2Vec2FeatureExtractor does with one recording."""
    return (samples - samples.mean()) / (samples.var(correction=0) + 1e-7).sqrt()


def _audeering(config: dict[str, Any], tensors: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
    model = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**config))
    _loaded(model, tensors, "wav2vec2.")

    def hear(samples: Tensor) -> Tensor:
        pooled = model(_normalised(samples)[None])[0].mean(dim=1)
        return _linear(tensors, "classifier.out_proj", _linear(tensors, "classifier.dense", pooled).tanh())

    return hear


def _wavlm(tensors: dict[str, Tensor], prefix: str) -> Any:
    """microsoft/wavlm-large's configuration, with the sizes of these tensors."""
    first = f"{prefix}encoder.layers.0."
    hidden, width, positions = tensors[f"{prefix}encoder.pos_conv_embed.conv.weight_v"].shape
    config = transformers.WavLMConfig(
        hidden_size=hidden,
        num_hidden_layers=sum(name.endswith("final_layer_norm.bias") for name in tensors),
        num_attention_heads=tensors[f"{first}attention.rel_attn_embed.weight"].shape[1],
        intermediate_size=tensors[f"{first}feed_forward.intermediate_dense.bias"].shape[0],
        conv_dim=(tensors[f"{prefix}feature_extractor.conv_layers.0.conv.weight"].shape[0],) * 7,
        conv_bias=False,
        do_stable_layer_norm=True,
        feat_extract_norm="layer",
        num_conv_pos_embeddings=positions,
        num_conv_pos_embedding_groups=hidden // width,
    )
    return _loaded(transformers.WavLMModel(config), tensors, prefix)


def msp_lab_pooled(tensors: dict[str, Tensor], frames: Tensor, n_samples: int) -> Tensor:
    """Its pooling over frames [time, hidden]: the first floor((n_samples - 1) / 320) + 1, if there are so many."""
    frames = frames[: (n_samples - 1) // 320 + 1]
    score = _linear(tensors, "pool_model.sap_linear", frames).tanh() @ tensors["pool_model.attention"]
    weight = score.softmax(dim=0)
    mean = (weight * frames).sum(dim=0)
    spread = ((weight * frames.square()).sum(dim=0) - mean.square()).clamp(min=1e-5).sqrt()
    return torch.cat([mean, spread])


def msp_lab_answer(tensors: dict[str, Tensor], pooled: Tensor) -> Tensor:
    hidden = _linear(tensors, "ser_model.fc.0.0", pooled)
    norm = tensors["ser_model.fc.0.1.weight"], tensors["ser_model.fc.0.1.bias"]
    return _linear(tensors, "ser_model.out.0", layer_norm(hidden, hidden.shape[-1:], *norm).relu())


def _msp_lab(config: dict[str, Any], tensors: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
    model = _wavlm(tensors, "ssl_model.")

    def hear(samples: Tensor) -> Tensor:
        normed = ((samples - config["mean"]) / (config["std"] + 1e-6))[None]
        frames = model(normed, attention_mask=torch.ones_like(normed)).last_hidden_state[0]
        return msp_lab_answer(tensors, msp_lab_pooled(tensors, frames, len(samples)))

    return hear


def _vox_profile_answer(tensors: dict[str, Tensor], frames: Tensor) -> Tensor:
    """frames [time, hidden] -> arousal, valence, dominance."""
    hidden = frames.T[None]
    for place in (0, 3, 6):
        hidden = hidden.relu() if place else hidden
        hidden = conv1d(hidden, tensors[f"model_seq.{place}.weight"], tensors[f"model_seq.{place}.bias"])
    pooled = hidden.mean(dim=2)
    return torch.cat(
        [
            _linear(tensors, f"{name}_layer.2", _linear(tensors, f"{name}_layer.0", pooled).relu()).sigmoid()
            for name in ORDER["vox-profile"]
        ]
    )


def _vox_profile(config: dict[str, Any], tensors: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
    model = _wavlm(tensors, "backbone_model.")

    def hear(samples: Tensor) -> Tensor:
        answer = model(_normalised(samples)[None], output_hidden_states=True)
        # transformers 4, which it was written for, gives the last state behind the norm
        states = [*answer.hidden_states[:-1], answer.last_hidden_state]
        weights = tensors["weights"].softmax(dim=0)
        return _vox_profile_answer(
            tensors, sum(weight * state[0] for weight, state in zip(weights, states, strict=True))
        )

    return hear


def _vox_profile_whisper(config: dict[str, Any], tensors: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
    own = "backbone_model.encoder."
    size, mels, _ = tensors[f"{own}conv1.weight"].shape
    model = transformers.models.whisper.modeling_whisper.WhisperEncoder(
        transformers.WhisperConfig(
            d_model=size,
            num_mel_bins=mels,
            encoder_layers=sum(name.startswith(own) and name.endswith("fc1.bias") for name in tensors),
            encoder_attention_heads=size // 64,
            encoder_ffn_dim=tensors[f"{own}layers.0.fc1.bias"].shape[0],
            max_source_positions=750,
        )
    )
    _loaded(model, tensors, own)
    model.embed_positions = torch.nn.Embedding.from_pretrained(tensors["embed_positions"][:750])
    extractor = transformers.WhisperFeatureExtractor(feature_size=mels, chunk_length=15)

    def hear(samples: Tensor) -> Tensor:
        mel = extractor(samples.numpy(), sampling_rate=16_000, max_length=15 * 16_000, return_tensors="pt")
        frames = model(mel.input_features).last_hidden_state[0]
        return _vox_profile_answer(tensors, frames[: (len(samples) // 160 - 1) // 2 + 1])

    return hear


def _wav2small(config: dict[str, Any], tensors: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
    def convolved(hidden: Tensor, layer: int) -> Tensor:
        own = f"vgg7.l{layer}."
        norm = [tensors[f"{own}norm.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
        return batch_norm(conv2d(hidden, tensors[f"{own}conv.weight"], padding=1), *norm).relu()

    def hear(samples: Tensor) -> Tensor:
        normed = _normalised(samples)[None, None]
        real, imaginary = (
            conv1d(normed, tensors[f"vgg7.spectrogram_extractor.conv_{part}.weight"], stride=32)
            for part in ("real", "imag")
        )
        mel = (real.square() + imaginary.square())[:, None].transpose(2, 3) @ tensors["vgg7.logmel_extractor.melW"]
        hidden = 10 * mel.clamp(min=1e-10).log10()
        for layer in range(1, 8):
            hidden = max_pool2d(hidden, 3, stride=2, padding=1) if layer == 4 else hidden
            hidden = convolved(hidden, layer)
        value, score = (
            conv2d(hidden, tensors[f"vgg7.{name}.weight"], tensors[f"vgg7.{name}.bias"]) for name in ("lin", "sof")
        )
        summed = (value * score.softmax(dim=2)).sum(dim=2)
        pooled = torch.cat([summed, summed @ summed.transpose(1, 2)], dim=2).reshape(1, -1)
        return _linear(tensors, "adv", pooled)

    return hear
