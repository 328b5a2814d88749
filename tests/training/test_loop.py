"""Learning rates, parameter groups, devices and random states of the loop."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from small_corpus import tiny_settings
from tiny_wavlm import save_tiny_wavlm, wavlm_settings
from torch import Tensor, nn
from torch.optim import AdamW

from msftk.interfaces import AcousticEncoder, ParameterGroup
from msftk.recipes.train import train
from msftk.runs.folder import RunFolder
from msftk.settings import Settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.training.loop import make_optimiser, rate_factor


def test_rate_rises_over_the_warm_up_then_falls_to_zero() -> None:
    factors = [rate_factor(step, 100, 0.1) for step in range(100)]
    assert factors[:10] == pytest.approx([k / 10 for k in range(1, 11)])
    assert factors[9] == factors[10] == 1
    assert all(a > b for a, b in pairwise(factors[10:]))
    assert factors[-1] == pytest.approx(1 / 90)


def test_rate_without_warm_up_starts_at_its_peak() -> None:
    assert rate_factor(0, 10, 0.0) == 1


class Part(AcousticEncoder, nn.Linear):
    """A layer that says which of its parameters learn slowly."""

    slow: ClassVar[tuple[str, ...]] = ("weight",)

    def prepare(self, waveform: object, f0_hz: object) -> Tensor: ...
    def fit(self, prepared: object) -> None: ...
    def pretrained_parameters(self) -> list[nn.Parameter]:
        return [parameter for name, parameter in self.named_parameters() if name in self.slow]


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scratch, self.part, self.frozen = nn.Linear(2, 2, bias=False), Part(2, 2), nn.Linear(2, 2)
        self.frozen.requires_grad_(False)
        self.parts = {"part": self.part}


def test_pretrained_parts_have_their_own_rate_and_frozen_ones_none() -> None:
    network = Network()
    optimiser = make_optimiser(network, tiny_settings("training.learning_rate_pretrained=1e-6").training)  # type: ignore[arg-type]
    groups = [([id(p) for p in g["params"]], g["peak"], g["weight_decay"]) for g in optimiser.param_groups]
    assert groups == [
        ([id(network.scratch.weight), id(network.part.bias)], 1e-3, 0.01),
        ([id(network.part.weight)], 1e-6, 0.01),
    ]


def test_a_part_may_ask_for_no_decay(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network()
    monkeypatch.setattr(Part, "parameter_groups", lambda self: [ParameterGroup("bias", [self.bias], decay=False)])
    optimiser = make_optimiser(network, tiny_settings().training)  # type: ignore[arg-type]
    groups = [([id(p) for p in g["params"]], g["peak"], g["weight_decay"]) for g in optimiser.param_groups]
    assert groups == [
        ([id(network.scratch.weight), id(network.part.weight)], 1e-3, 0.01),
        ([id(network.part.bias)], 1e-3, 0.0),
    ]


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
