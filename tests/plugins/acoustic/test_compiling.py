from __future__ import annotations

import logging

import pytest
import torch

from msftk_plugins.acoustic import compiling
from msftk_plugins.acoustic.compiling import Compiling, compile_options

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(autouse=True)
def _look_again(monkeypatch: pytest.MonkeyPatch) -> None:
    compiling._finds_compiler.cache_clear()
    monkeypatch.setattr(compiling, "find_spec", lambda _: "triton is here")
    monkeypatch.setattr(compiling.shutil, "which", lambda command: command if command != "no-such-compiler" else None)


@pytest.mark.parametrize(
    ("asked", "device", "training", "on"),
    [("auto", CPU, True, False), ("auto", CUDA, False, False), ("auto", CUDA, True, True), ("on", CPU, False, True),
     ("off", CUDA, True, False)],
)  # fmt: skip
def test_auto_compiles_training_on_a_gpu(
    asked: compiling.Compile, device: torch.device, training: bool, on: bool
) -> None:
    one = Compiling(asked)
    one.decide(device, training)
    assert one.on == on
    one.decide(device, False)
    assert one.on == on  # what is compiled serves the evaluation after an epoch


def test_without_a_compiler_it_stays_off_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    one = Compiling("on")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            one.decide(CPU, True)
    assert not one.on
    assert [record.getMessage() for record in caplog.records] == [
        "acoustic.compile: a C++ compiler (no-such-compiler) is not found, so the encoder runs uncompiled "
        "(slower, same numbers)."
    ]


def test_without_triton_a_gpu_runs_uncompiled(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compiling, "find_spec", lambda _: None)
    one = Compiling("auto")
    one.decide(CUDA, True)
    assert not one.on
    assert "the package triton is not found" in caplog.text


def test_any_length_is_one_program() -> None:
    assert compile_options(CPU)["dynamic"]
    assert compile_options(CUDA)["dynamic"]
