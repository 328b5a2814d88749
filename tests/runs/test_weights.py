"""Tensors on the disk: whole, with the rights of any new file, and refused where they are not numbers or do not fit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import nn

from msftk.errors import InputError, VersionError
from msftk.runs.weights import load_weights, read_tensors, tensors_sha256, write_tensors


class Layer(nn.Linear):
    """A network of one layer, which is part of nothing."""

    parts: ClassVar[dict[str, nn.Module]] = {}


def test_tensors_come_back_with_what_they_belong_to(tmp_path: Path) -> None:
    shared = torch.arange(4.0)
    write_tensors(tmp_path / "w.safetensors", {"a": shared, "b": shared[:2]}, {"corpus": "tones"})
    about, tensors = read_tensors(tmp_path / "w.safetensors")
    assert about["corpus"] == "tones"
    assert torch.equal(tensors["a"], shared)
    assert torch.equal(tensors["b"], shared[:2])
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]


def test_weights_have_the_rights_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_tensors(tmp_path / "w.safetensors", {"a": torch.zeros(1)})
    finally:
        os.umask(before)
    assert (tmp_path / "w.safetensors").stat().st_mode & 0o777 == 0o640


def test_weight_that_is_not_finite_is_refused_by_name(tmp_path: Path) -> None:
    network = Layer(2, 1)
    state = {**network.state_dict(), "weight": torch.tensor([[0.0, torch.nan]])}
    with pytest.raises(InputError, match=r"w\.safetensors: 1 weight is no finite number, first weight"):
        load_weights(network, state, tmp_path / "w.safetensors")


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"do not fit the network of settings\.toml beside it"):
        load_weights(Layer(2, 1), Layer(3, 1).state_dict(), tmp_path)


def test_hash_follows_values_and_names_not_order() -> None:
    one, two = torch.zeros(2), torch.ones(2)
    assert tensors_sha256({"a": one, "b": two}) == tensors_sha256({"b": two, "a": one})
    assert tensors_sha256({"a": one, "b": two}) != tensors_sha256({"a": two, "b": one})


def test_weights_of_another_format_version_are_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "w.safetensors", {"a": torch.zeros(1)}, {"format_version": 2})
    with pytest.raises(VersionError, match=r"w\.safetensors: format version 2, expected 1"):
        read_tensors(tmp_path / "w.safetensors")
