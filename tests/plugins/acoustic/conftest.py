"""Tiny random-weight speech encoders, saved to disk as transformers saves them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of 2-layer encoders with WavLM's kernels and strides; "group" normalises over time, as base models do."""
    import transformers as hf

    classes = {
        "wavlm": (hf.WavLMConfig, hf.WavLMModel, "layer"),
        "wavlm-group": (hf.WavLMConfig, hf.WavLMModel, "group"),
        "wav2vec2": (hf.Wav2Vec2Config, hf.Wav2Vec2Model, "group"),
        "hubert": (hf.HubertConfig, hf.HubertModel, "group"),
    }
    folders = {}
    for name, (config, model, norm) in classes.items():
        torch.manual_seed(0)
        tiny = config(
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=48,
            conv_dim=(16,) * 7,
            num_conv_pos_embeddings=16,
            num_conv_pos_embedding_groups=4,
            feat_extract_norm=norm,
            do_stable_layer_norm=norm == "layer",
            conv_bias=norm == "layer",
        )
        folders[name] = tmp_path_factory.mktemp(name)
        model(tiny).save_pretrained(folders[name])
    return folders
