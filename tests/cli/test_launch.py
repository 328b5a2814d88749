"""Training by several real processes on the CPU: the same model as by one, also when one is killed and resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from small_corpus import TINY, tiny_settings

from msftk.cli.launch import launch
from msftk.errors import InputError
from msftk.recipes.train import train
from msftk.store.features import Store
from msftk.store.manifest import Manifest, write_manifest

EXACT = ("data.source_dropout=0", "data.semantic_noise=0", "acoustic.dropout=0", "fusion.dropout=0", "head.dropout=0")


@pytest.fixture
def corpus(tmp_path: Path, tone_corpus: Manifest) -> Path:
    path = tmp_path / "tones.parquet"
    write_manifest(tone_corpus, path)
    return path


def arguments(corpus: Path, out: Path, store: Store, *more: str) -> list[str]:
    settings = [part for one in (*TINY, *EXACT, *more) for part in ("--set", one)]
    return ["train", str(corpus), "--out", str(out), "--device", "cpu", "--store", str(store.root), *settings]


def assert_equal_models(one: Path, other: Path) -> None:
    found, expected = load_file(one / "model.safetensors"), load_file(other / "model.safetensors")
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-6, err_msg=name)


def finished(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=200)


def test_two_processes_train_the_model_of_one(
    tmp_path: Path, corpus: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    train(tone_corpus, tiny_settings(*EXACT), tmp_path / "one", store=tone_store, device="cpu")
    command = [sys.executable, "-m", "msftk", *arguments(corpus, tmp_path / "two", tone_store), "--gpus", "2"]
    ended = finished(command)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("run folder:") == 1
    assert_equal_models(tmp_path / "two", tmp_path / "one")
    assert (tmp_path / "two" / "metrics.jsonl").read_text().count("\n") == 4


@pytest.mark.slow
def test_accelerate_launches_two_processes(
    tmp_path: Path, corpus: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    train(tone_corpus, tiny_settings(*EXACT), tmp_path / "one", store=tone_store, device="cpu")
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "-m", "msftk"]
    ended = finished([*launcher, *arguments(corpus, tmp_path / "two", tone_store)])
    assert ended.returncode == 0, ended.stderr
    assert_equal_models(tmp_path / "two", tmp_path / "one")


@pytest.mark.slow
def test_a_killed_process_ends_the_run_which_goes_on_with_another_number(
    tmp_path: Path, corpus: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    train(tone_corpus, tiny_settings(*EXACT, "training.epochs=12"), tmp_path / "one", store=tone_store, device="cpu")
    line = [sys.executable, "-m", "msftk", *arguments(corpus, tmp_path / "two", tone_store, "training.epochs=12")]
    both = subprocess.Popen([*line, "--gpus", "2"], stderr=subprocess.PIPE, text=True)
    while not list((tmp_path / "two" / "state").glob("epoch-0000[2-9]*")):
        assert both.poll() is None
        time.sleep(0.02)
    children = Path(f"/proc/{both.pid}/task/{both.pid}/children").read_text().split()
    os.kill(int(children[1]), signal.SIGKILL)
    assert both.wait(60) != 0
    assert not (tmp_path / "two" / "protocol.json").exists()
    ended = finished(line)
    assert ended.returncode == 0, ended.stderr
    assert "resumed" in ended.stdout
    assert_equal_models(tmp_path / "two", tmp_path / "one")


def test_more_processes_than_gpus_are_refused() -> None:
    with pytest.raises(InputError, match=r"--gpus 99: torch finds \d+ here"):
        launch(99, "cuda" if torch.cuda.is_available() else "auto")
