from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny_emotion2vec import BLOCKS, DIM, HEADS, PRENET, published

from msftk.errors import InputError
from msftk_plugins.acoustic.emotion2vec_tensors import read_tensors, sizes_of


def test_sizes_are_read_off_the_shapes_also_of_the_finetuned_names(tmp_path: Path) -> None:
    save_file({f"d2v_model.{name}": one for name, one in published().items()}, tmp_path / "model.safetensors")
    tensors = read_tensors(tmp_path)
    sizes = sizes_of(tensors, "x")
    assert (sizes["dim"], sizes["heads"], sizes["blocks"]) == (DIM, HEADS, PRENET + BLOCKS)
    assert not any("decoder" in name or name == "proj.weight" for name in tensors)


def test_a_scale_of_four_dimensions_is_an_older_one(tmp_path: Path) -> None:
    tensors = published()
    tensors["modality_encoders.AUDIO.alibi_scale"] = torch.ones(1, HEADS, 1, 1)
    save_file(tensors, tmp_path / "model.safetensors")
    assert read_tensors(tmp_path)["alibi_scale"].shape == (1, 1, HEADS, 1, 1)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no model\.safetensors there"):
        read_tensors(tmp_path)
    (tmp_path / "model.pt").write_bytes(b"pickle")
    with pytest.raises(InputError, match=r"only as a pickle \(model\.pt\).*save_file"):
        read_tensors(tmp_path)
    save_file({"encoder.weight": torch.ones(2)}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="not those of emotion2vec"):
        read_tensors(tmp_path)
    tensors = published()
    del tensors["blocks.0.mlp.fc1.weight"], tensors["modality_encoders.AUDIO.context_encoder.blocks.0.mlp.fc1.weight"]
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=r"without the tensor 'layers\.0\.mlp\.fc1\.weight'"):
        sizes_of(read_tensors(tmp_path), str(tmp_path))
