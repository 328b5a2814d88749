"""What can be chosen of a pretrained speech encoder."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from msftk.interfaces import Options, Place
from msftk_plugins.acoustic.compiling import Compile
from msftk_plugins.acoustic.layers import Layer
from msftk_plugins.acoustic.wavlm.layers import Attention


class HfOptions(Options):
    """Of every pretrained encoder that transformers loads."""

    model: Place = Field("microsoft/wavlm-large", description="model id, or folder with config and model.safetensors")
    revision: str | None = Field(None, description="branch, tag or commit of the model id")
    layer: Layer = Field(
        "last",
        description="last layer, a learned softmax-weighted sum of all, or one by number (0 = input of the first)",
    )
    norm_weighted: bool = Field(
        False, description="of a weighted sum: the norm behind the last layer goes with it, as in transformers before 5"
    )
    normalise: Literal["utterance", "global", "none"] = Field(
        "utterance",
        description="waveforms: zero mean and unit variance per utterance, over all training samples, or as they "
        "are; mel features follow their own extractor",
    )
    padding_frames: bool = Field(
        False,
        description="waveforms: one or two frames of padding go with each utterance, as in padded batches of the "
        "MSP-Podcast challenge's baseline, which counts (samples - 1) // 320 + 1",
    )
    gradient_checkpointing: bool = Field(False, description="less memory, more time")
    attention: Attention = Field(
        "auto",
        description="WavLM's attention: triton on a CUDA GPU and sdpa elsewhere, or one of them, or transformers",
    )
    compile: Compile = Field("auto", description="torch.compile for WavLM: auto compiles when training on a CUDA GPU")
