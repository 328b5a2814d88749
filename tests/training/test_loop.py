"""The loop: what it steps with, what it selects, and that a killed run ends with the same bits."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from small_corpus import tiny_settings
from tiny_wavlm import save_tiny_wavlm, wavlm_settings
from torch.optim import AdamW

from msftk.errors import InputError
from msftk.progress import Progress, ProgressCallback
from msftk.recipes.train import train
from msftk.runs.folder import RunFolder
from msftk.settings import Settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.training import loop

STEPPED = tiny_settings("training.epochs=3", "training.batch=4", "training.select=last")  # three steps an epoch
TIMES = ("seconds", "loader_share", "utterances_per_s")


def run_of(settings: Settings, folder: Path, corpus: Manifest, store: Store) -> RunFolder:
    train(corpus, settings, folder, store=store, device="cpu")
    return RunFolder(folder)


def test_gradients_are_clipped_to_the_norm_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    norms: list[float] = []

    def stepping(self: AdamW, *arguments: object) -> None:
        grads = [p.grad for g in self.param_groups for p in g["params"] if p.grad is not None]
        norms.append(float(torch.stack([grad.norm() for grad in grads]).norm()))

    monkeypatch.setattr(AdamW, "step", stepping)
    settings = tiny_settings("training.clip_norm=0.001", "training.epochs=2", "fusion.name=none")
    run_of(settings, tmp_path / "run", tone_corpus, tone_store)
    assert norms == pytest.approx([0.001] * len(norms), rel=1e-3)


def test_pretrained_rate_is_the_one_that_is_stepped_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    rates: list[list[float]] = []
    monkeypatch.setattr(AdamW, "step", lambda self: rates.append([g["lr"] for g in self.param_groups]))
    chosen = ("training.learning_rate_pretrained=1e-6", "training.learning_rate=1e-2", "training.epochs=1")
    settings = wavlm_settings(save_tiny_wavlm(tmp_path / "wavlm"), *chosen, "training.warmup=0")
    run_of(settings, tmp_path / "run", tone_corpus, tone_store)
    assert rates[0] == [1e-2, 1e-6]


def test_of_epochs_that_are_equally_good_the_first_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    means = iter([0.1, 0.4, 0.4, 0.3])
    monkeypatch.setattr("msftk.training.loop._dev_ccc", lambda *_: {"mean": next(means)})
    run = run_of(tiny_settings("fusion.name=none"), tmp_path / "run", tone_corpus, tone_store)
    assert run.read_card()["selection"] == {"by": "mean CCC on dev", "epoch": 2, "ccc": 0.4}


def test_it_stops_where_dev_gets_no_better_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    means = iter([0.1, 0.4, 0.3, float("nan"), 0.35])
    monkeypatch.setattr("msftk.training.loop._dev_ccc", lambda *_: {"mean": next(means)})
    settings = tiny_settings("fusion.name=none", "training.epochs=20", "training.patience=3")
    run = run_of(settings, tmp_path / "run", tone_corpus, tone_store)
    expected = {"by": "mean CCC on dev", "epoch": 2, "ccc": 0.4, "stopped_after": 5}
    assert run.read_card()["selection"] == expected
    assert len(run.read_metrics()) == 5


def test_a_resumed_run_goes_on_counting_the_epochs_that_were_no_better(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    means = iter([0.4, 0.3, KeyboardInterrupt(), 0.2, 0.1])

    def scored(*_: object) -> dict[str, float]:
        mean = next(means)
        if isinstance(mean, BaseException):
            raise mean
        return {"mean": mean}

    monkeypatch.setattr("msftk.training.loop._dev_ccc", scored)
    settings = tiny_settings("fusion.name=none", "training.epochs=20", "training.patience=2")
    with pytest.raises(KeyboardInterrupt):
        run_of(settings, tmp_path / "run", tone_corpus, tone_store)
    run = run_of(settings, tmp_path / "run", tone_corpus, tone_store)
    assert run.read_card()["selection"]["stopped_after"] == 3


def test_patience_without_dev_is_refused(tmp_path: Path, tone_corpus: Manifest, tone_store: Store) -> None:
    settings = tiny_settings("training.select=last", "training.patience=2")
    with pytest.raises(InputError, match=r"training\.patience = 2 .* no dev"):
        train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu", folds="speaker")
    assert not (tmp_path / "run").exists()


# ---------------------------------------------------------------- killed and interrupted


def model_bytes(run: RunFolder) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in load_file(run.model_file).items()}


def metrics_of(run: RunFolder) -> list[dict[str, object]]:
    """What does not depend on how long it took."""
    return [{k: v for k, v in line.items() if k not in TIMES} for line in run.read_metrics()]


def pressing(press: Callable[[], None], at: int, stage: str = "training") -> ProgressCallback:
    """Watches a training, and presses when that many steps are done."""
    return lambda progress: press() if (progress.stage, progress.done) == (stage, at) else None


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def in_child(work: Callable[[], object]) -> int:
    """Does `work` in a copy of this process; the signal that ended it, 0 for none."""
    child = os.fork()
    if not child:
        try:
            signal.alarm(60)
            work()
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory, tone_corpus: Manifest, tone_store: Store) -> RunFolder:
    return run_of(STEPPED, tmp_path_factory.mktemp("whole") / "run", tone_corpus, tone_store)


def killed_and_resumed(kills: Iterable[int], folder: Path, corpus: Manifest, store: Store, settings: Settings) -> None:
    for step in kills:
        ended_by = in_child(
            lambda step=step: train(corpus, settings, folder, store=store, device="cpu", progress=pressing(die, step))
        )
        assert ended_by == signal.SIGKILL
    train(corpus, settings, folder, store=store, device="cpu")


@pytest.mark.parametrize("minutes", [0, 10])
def test_run_killed_again_and_again_ends_with_the_same_bits(
    minutes: int, whole_run: RunFolder, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    """Killed in mid-epoch, at an epoch's end and right after a start, with a state from each step or each epoch."""
    settings = STEPPED.model_copy(update={"training": STEPPED.training.model_copy(update={"save_minutes": minutes})})
    killed_and_resumed((2, 6, 7), tmp_path / "run", tone_corpus, tone_store, settings)
    assert model_bytes(RunFolder(tmp_path / "run")) == model_bytes(whole_run)
    assert metrics_of(RunFolder(tmp_path / "run")) == metrics_of(whole_run)


def test_interrupted_run_goes_on_at_the_next_step(
    whole_run: RunFolder, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    run, seen = RunFolder(tmp_path / "run"), list[int]()
    with pytest.raises(KeyboardInterrupt):
        train(tone_corpus, STEPPED, run.path, store=tone_store, device="cpu", progress=pressing(interrupt, 5))
    assert [path.name for path in sorted(run.state.glob("epoch-*"))] == ["epoch-00001-step-0000002"]
    train(
        tone_corpus,
        STEPPED,
        run.path,
        store=tone_store,
        device="cpu",
        progress=lambda p: seen.append(p.done) if p.stage == "training" else None,
    )
    assert seen[0] == 6
    assert model_bytes(run) == model_bytes(whole_run)


def test_signal_in_a_step_waits_for_its_end_and_in_dev_for_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    """WavLM draws random numbers in evaluation too: those of an interrupted one do not count."""
    chosen = ("training.epochs=2", "training.batch=4", "training.select=last")
    settings = wavlm_settings(save_tiny_wavlm(tmp_path / "wavlm"), *chosen)
    whole = run_of(settings, tmp_path / "whole", tone_corpus, tone_store)
    run = RunFolder(tmp_path / "run")
    for place, name in ((AdamW, "step"), (loop, "_dev_ccc")):
        ordinary = getattr(place, name)

        def interrupted(*given: object, ordinary: Callable[..., object] = ordinary) -> object:
            torch.rand(len(given) - 1)  # of an optimiser step none
            signal.raise_signal(signal.SIGINT)
            return ordinary(*given)

        monkeypatch.setattr(place, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(tone_corpus, settings, run.path, store=tone_store, device="cpu")
        monkeypatch.setattr(place, name, ordinary)
    assert [path.name for path in run.state.glob("epoch-*")] == ["epoch-00000-step-0000003"]
    train(tone_corpus, settings, run.path, store=tone_store, device="cpu")
    assert model_bytes(run) == model_bytes(whole)


def test_a_resume_without_its_metrics_says_what_is_lost_and_goes_on(
    whole_run: RunFolder, tmp_path: Path, tone_corpus: Manifest, tone_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    run = RunFolder(tmp_path / "run")
    in_child(lambda: train(tone_corpus, STEPPED, run.path, store=tone_store, device="cpu", progress=pressing(die, 7)))
    run.metrics_file.unlink()
    train(tone_corpus, STEPPED, run.path, store=tone_store, device="cpu")
    assert "metrics.jsonl: of 2 epochs trained before it holds 0: scores of the others are lost" in caplog.text
    assert model_bytes(run) == model_bytes(whole_run)


@pytest.mark.slow
def test_run_killed_at_ten_random_moments_ends_with_the_same_bits(
    whole_run: RunFolder, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    """By the clock: in the middle of steps, evaluations and files too."""
    random = np.random.default_rng()
    settings = STEPPED.model_copy(update={"training": STEPPED.training.model_copy(update={"save_minutes": 0})})
    for _ in range(10):

        def doomed() -> None:
            def start(progress: Progress) -> None:
                if progress.stage == "training":
                    signal.setitimer(signal.ITIMER_REAL, random.uniform(0.001, 0.05))

            signal.signal(signal.SIGALRM, lambda *_: die())
            train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu", progress=start)

        in_child(doomed)
    train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
    assert model_bytes(RunFolder(tmp_path / "run")) == model_bytes(whole_run)
