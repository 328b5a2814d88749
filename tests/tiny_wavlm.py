"""A WavLM of two small layers with random weights, saved as transformers saves one."""

from __future__ import annotations

from pathlib import Path

from small_corpus import TINY

from msftk.settings import Settings, load_settings


def save_tiny_wavlm(folder: Path) -> Path:
    """Masks and drops layers as the published configurations do.

    The positional convolution is not grouped: torch 2.13 computes groups of fewer than 16 channels wrongly in bfloat16
    on processors with AMX.
    """
    from transformers import WavLMConfig, WavLMModel

    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    position = {"num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 1}
    config = WavLMConfig(**sizes, **position, conv_dim=(8,) * 7, mask_time_prob=0.5, mask_time_length=2, layerdrop=0.5)
    WavLMModel(config).save_pretrained(folder)
    return folder


def wavlm_settings(folder: Path, *assignments: str) -> Settings:
    """Settings of a network on the encoder in `folder`, acoustics alone, that trains in seconds."""
    sets = ("acoustic.name=hf", f"acoustic.model={folder}", "training.learning_rate_pretrained=1e-3")
    tiny = [one for one in TINY if not one.startswith("acoustic")]
    return load_settings("tiny", None, [*tiny, *sets, "fusion.name=none", *assignments], environment={})
