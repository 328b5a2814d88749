"""Where a network runs: the device by name, and the precision of its encoder."""

from __future__ import annotations

import pytest
import torch

from msftk.errors import InputError
from msftk.models.where import CPU, Where, choose_where


def test_device_is_checked() -> None:
    assert choose_where("cpu") == CPU
    with pytest.raises(InputError, match="--device tpu: expected auto, cpu or cuda"):
        choose_where("tpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_cuda_without_a_gpu_is_refused() -> None:
    with pytest.raises(InputError, match=r"--device cuda: torch finds no CUDA GPU here\. Use --device cpu or auto"):
        choose_where("cuda")


@pytest.mark.parametrize("has_bf16", [True, False])
def test_gpu_without_bf16_runs_in_float32_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, has_bf16: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bf16)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "Tesla T4")
    assert choose_where("auto").autocast is (torch.bfloat16 if has_bf16 else None)
    said = [record.getMessage() for record in caplog.records]
    assert said == [] if has_bf16 else ["Tesla T4 does not compute in bf16: the encoder runs in float32 (slower)."]


def test_encoder_computes_in_the_precision_that_is_asked_for() -> None:
    layer, values = torch.nn.Linear(2, 2), torch.ones(1, 2)
    with CPU.encoding():
        assert layer(values).dtype == torch.float32
    with Where(torch.device("cpu"), autocast=torch.bfloat16).encoding():
        assert layer(values).dtype == torch.bfloat16


def test_the_first_of_several_processes_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_where("cpu").writes
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    other = choose_where("cpu")
    assert (other.rank, other.world_size, other.writes) == (1, 2, False)
