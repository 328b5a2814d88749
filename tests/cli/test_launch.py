"""Training by several real processes on the CPU: the same model as by one, also when one is killed and resumed."""

from __future__ import annotations

import os
import random
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

from msftk.cli.launch import ended, launch
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
    found = finished(command)
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("run folder:") == 1
    assert_equal_models(tmp_path / "two", tmp_path / "one")
    assert (tmp_path / "two" / "metrics.jsonl").read_text().count("\n") == 4


@pytest.mark.slow
def test_accelerate_launches_two_processes(
    tmp_path: Path, corpus: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    train(tone_corpus, tiny_settings(*EXACT), tmp_path / "one", store=tone_store, device="cpu")
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "-m", "msftk"]
    found = finished([*launcher, *arguments(corpus, tmp_path / "two", tone_store)])
    assert found.returncode == 0, found.stderr
    assert_equal_models(tmp_path / "two", tmp_path / "one")


@pytest.mark.slow
def test_ten_kills_each_resumed_on_another_number_of_processes(
    tmp_path: Path, corpus: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    every_step = ("training.epochs=20", "training.save_minutes=0")
    train(tone_corpus, tiny_settings(*EXACT, *every_step), tmp_path / "one", store=tone_store, device="cpu")
    line = [sys.executable, "-m", "msftk", *arguments(corpus, tmp_path / "two", tone_store, *every_step)]
    choose = random.Random(0)
    for processes in (2, 1) * 5:
        before = saved(tmp_path / "two")
        run = subprocess.Popen([*line, "--gpus", str(processes)], stderr=subprocess.DEVNULL)
        while saved(tmp_path / "two") == before:
            assert run.poll() is None
            time.sleep(0.005)
        time.sleep(choose.uniform(0, 0.1))
        os.kill(choose.choice(children(run.pid)) if processes > 1 else run.pid, signal.SIGKILL)
        assert run.wait(60) != 0
        assert not (tmp_path / "two" / "protocol.json").exists()
    found = finished([*line, "--gpus", "2"])
    assert found.returncode == 0, found.stderr
    assert "resumed" in found.stdout
    assert_equal_models(tmp_path / "two", tmp_path / "one")


def saved(run: Path) -> str:
    """The last state of a run that is complete."""
    return max((place.name for place in (run / "state").glob("epoch-*")), default="")


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_process_that_hears_no_signal_is_killed_when_another_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msftk.cli.launch.GRACE_S", 0.5)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    waiting = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    assert waiting.stdout is not None
    waiting.stdout.readline()  # from here on it is deaf
    assert ended([waiting, subprocess.Popen([sys.executable, "-c", "raise SystemExit(2)"])]) == 2
    assert waiting.returncode == -signal.SIGKILL


def test_more_processes_than_gpus_are_refused() -> None:
    with pytest.raises(InputError, match=r"--gpus 99: torch finds \d+ here"):
        launch(99, "cuda" if torch.cuda.is_available() else "auto")
