"""Small speech encoders of random weights, saved as transformers saves them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}


def save_encoder(name: str, folder: Path) -> Path:
    """Of two layers, with WavLM's kernels and strides; "group" normalises over time, as base models do.

    Biases are not zero, as after training: a zero hides what padding leads to.
    """
    torch.manual_seed(0)
    model, extractor = {**convolutional(), "whisper": whisper, "w2v-bert": w2v_bert}[name]()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    if extractor:
        extractor.save_pretrained(folder)
    return folder


def convolutional() -> dict[str, Any]:
    import transformers as hf

    def build(config: type, model: type, norm: str, **more: object) -> Any:
        # groups of 16 channels: those of 8 are wrong in bfloat16 on a CPU with AMX (torch 2.13)
        positions = {"num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
        norms = {"feat_extract_norm": norm, "do_stable_layer_norm": norm == "layer", "conv_bias": norm == "layer"}
        return lambda: (model(config(**SMALL, conv_dim=(16,) * 7, **{**positions, **norms, **more})), None)

    return {
        "wavlm": build(hf.WavLMConfig, hf.WavLMModel, "layer"),
        "wavlm-group": build(hf.WavLMConfig, hf.WavLMModel, "group"),
        "wav2vec2": build(hf.Wav2Vec2Config, hf.Wav2Vec2Model, "group"),
        "mms": build(hf.Wav2Vec2Config, hf.Wav2Vec2Model, "layer"),
        "hubert": build(hf.HubertConfig, hf.HubertModel, "group"),
        "hubert-batch-norm": build(hf.HubertConfig, hf.HubertModel, "layer", conv_pos_batch_norm=True),
        "data2vec": build(hf.Data2VecAudioConfig, hf.Data2VecAudioModel, "layer", num_conv_pos_embeddings=2),
    }


def whisper() -> tuple[Any, Any]:
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

    encoder = {"encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 16}
    decoder = {"decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 16, "vocab_size": 8}
    tokens = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 3}
    config = WhisperConfig(d_model=16, num_mel_bins=20, **encoder, **decoder, **tokens)
    return WhisperModel(config), WhisperFeatureExtractor(20)


def w2v_bert() -> tuple[Any, Any]:
    from transformers import SeamlessM4TFeatureExtractor, Wav2Vec2BertConfig, Wav2Vec2BertModel

    config = Wav2Vec2BertConfig(**SMALL, feature_projection_input_dim=40)
    return Wav2Vec2BertModel(config), SeamlessM4TFeatureExtractor(20, num_mel_bins=20)
