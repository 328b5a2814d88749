"""Vox-Profile's dimensional emotion models: WavLM-large, and the encoder of Whisper-large-v3 (arXiv 2505.14648)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from msftk import interfaces
from msftk.errors import InputError
from msftk.interfaces.published import Checkpoint, Imported, ModelLayout, Shapes
from msftk.types import ATTRIBUTES
from msftk_plugins.models.backbone import n_layers, wave_tensors, wavlm_config

if TYPE_CHECKING:
    from torch import Tensor

LICENCE = "OpenRAIL (its card: no commercial use)"
ORDER = ("arousal", "valence", "dominance")
POINTWISE = (0, 3, 6)  # places of the convolutions among ReLU and dropout
LONGEST_S = 15
WHISPER = "backbone_model.encoder."
HEAD_DIM = 64  # of every Whisper


class VoxProfile(ModelLayout):
    """WavLM's layers by learned weights, or Whisper's last layer; three layers of each frame, their mean, and a network
    with a sigmoid for each attribute.

    Its code was written for transformers 4, where the norm behind WavLM's last layer goes into the weighted sum.
    """

    class Options(interfaces.Options):
        """No options."""

    checkpoints: ClassVar = (
        Checkpoint("vox-profile", "tiantiaf/wavlm-large-msp-podcast-emotion-dim", LICENCE, ORDER),
        Checkpoint("vox-profile-whisper", "tiantiaf/whisper-large-v3-msp-podcast-emotion-dim", LICENCE, ORDER),
    )
    corpus: ClassVar[str] = "msp-podcast"
    heard_s: ClassVar[tuple[float, float]] = (3.0, float(LONGEST_S))

    def __init__(self, options: Options) -> None:
        pass

    def recognises(self, config: Mapping[str, Any], shapes: Shapes) -> bool:
        heads = {f"{attribute}_layer.2.weight" for attribute in ATTRIBUTES}
        return {*heads, "model_seq.6.weight"} <= shapes.keys()

    def read(self, config: Mapping[str, Any], tensors: Mapping[str, Tensor], source: str) -> Imported:
        if adapters := [name for name in tensors if ".lora_" in name]:
            raise InputError(
                f"it holds LoRA adapters ({adapters[0]}), as the models of dimensions do not. Take another."
            )
        named = {
            f"heads.vad.regressions.{attribute}.{place}.{part}": tensors[f"{attribute}_layer.{place}.{part}"]
            for attribute in ATTRIBUTES
            for place in (0, 2)
            for part in ("weight", "bias")
        }
        for place in POINTWISE:  # convolutions of width one are linear
            named[f"pooling.each.{place}.weight"] = tensors[f"model_seq.{place}.weight"].squeeze(-1)
            named[f"pooling.each.{place}.bias"] = tensors[f"model_seq.{place}.bias"]
        is_whisper = f"{WHISPER}conv1.weight" in tensors
        acoustic, encoder, acoustic_config = (_whisper if is_whisper else _wavlm)(tensors)
        return Imported(
            sections={
                "acoustic": {"name": "hf", "model": source, "normalise": "utterance", **acoustic},
                "pooling": {"name": "pointwise-mean", "hidden": tensors["model_seq.6.weight"].shape[0]},
                "head": {"name": "bounded", "hidden": tensors["valence_layer.0.weight"].shape[0]},
            },
            tensors={**encoder, **named},
            attributes=ATTRIBUTES,
            acoustic_config=acoustic_config,
        )


_Encoder = tuple[dict[str, object], dict[str, "Tensor"], str]


def _wavlm(tensors: Mapping[str, Tensor]) -> _Encoder:
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    made = wave_tensors(tensors, "backbone_model.")
    made["acoustic.layer_logits"] = tensors["weights"]
    if len(tensors["weights"]) != n_layers(shapes, "backbone_model.encoder.layers.") + 1:
        raise InputError("its weights of layers leave out what the first layer reads (use_conv_output is off).")
    return {"layer": "weighted", "norm_weighted": True}, made, wavlm_config(shapes, "backbone_model.")


def _whisper(tensors: Mapping[str, Tensor]) -> _Encoder:
    """Its positions are those of 15 s, which it keeps beside the encoder; the weights of layers are not used."""
    made = {
        f"acoustic.model.{name.removeprefix(WHISPER)}": tensor
        for name, tensor in tensors.items()
        if name.startswith(WHISPER)
    }
    n_positions = LONGEST_S * 50
    made["acoustic.model.embed_positions.weight"] = tensors["embed_positions"][:n_positions]
    size, n_mels, _ = tensors[f"{WHISPER}conv1.weight"].shape
    config = {
        "model_type": "whisper",
        "d_model": size,
        "num_mel_bins": n_mels,
        "encoder_layers": n_layers(tensors, f"{WHISPER}layers."),
        "encoder_attention_heads": size // HEAD_DIM,
        "encoder_ffn_dim": tensors[f"{WHISPER}layers.0.fc1.weight"].shape[0],
        "decoder_layers": 1,  # none is kept
        "decoder_attention_heads": size // HEAD_DIM,
        "max_source_positions": n_positions,
        "mel_settings": {"feature_size": n_mels, "chunk_length": LONGEST_S},
        "whole_mel_rows": True,
    }
    return {"layer": "last"}, made, json.dumps(config)
