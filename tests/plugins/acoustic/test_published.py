"""`acoustic.model` takes the encoder out of a published model, whatever its layout calls the tensors."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from published_models import write_published
from safetensors.torch import load_file, save_file

from msftk.errors import InputError
from msftk.registry import registry
from msftk.runs.imported import read_published
from msftk_plugins.acoustic.published import fill


@pytest.mark.parametrize("name", ["audeering-dim", "msp-lab", "vox-profile", "vox-profile-whisper"])
def test_the_encoder_has_the_published_tensors_and_names_its_source(name: str, tmp_path: Path) -> None:
    folder = write_published(name, tmp_path / "published")
    encoder = registry().create("acoustic-encoder", "hf", {"model": str(folder)})
    own = encoder.state_dict()
    for key, tensor in read_published(str(folder))[1].tensors.items():
        if key.startswith(("acoustic.model.", "acoustic.front_end.")):
            torch.testing.assert_close(own[key.removeprefix("acoustic.")], tensor)
    assert encoder.identity()["model"].startswith("sha256:")


def test_an_encoder_of_its_own_kind_is_told(tmp_path: Path) -> None:
    folder = write_published("wav2small", tmp_path / "small")
    with pytest.raises(InputError, match=r"Use --set acoustic\.name=wav2small"):
        registry().create("acoustic-encoder", "hf", {"model": str(folder)})


def test_a_tensor_that_is_not_there_is_told(tmp_path: Path) -> None:
    folder = write_published("audeering-dim", tmp_path / "published")
    tensors = load_file(folder / "model.safetensors")
    del tensors["wav2vec2.encoder.layers.1.final_layer_norm.bias"]
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(InputError, match=r"lacks model\.encoder\.layers\.1\.final_layer_norm\.bias"):
        registry().create("acoustic-encoder", "hf", {"model": str(folder)})


def test_what_not_every_model_has_stays() -> None:
    encoder = torch.nn.Linear(2, 1)
    encoder.register_buffer("mean", torch.ones(()))
    fill(encoder, {"acoustic.weight": torch.zeros(1, 2), "acoustic.bias": torch.zeros(1), "heads.vad": torch.ones(1)})
    assert not encoder.weight.any()
    assert float(encoder.mean) == 1
