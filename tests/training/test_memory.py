"""What training needs of memory is known before it begins, and what would fit is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_corpus import tiny_settings
from tiny_wavlm import save_tiny_wavlm, wavlm_settings

from msftk.errors import InputError, MsftkError
from msftk.models.build import build_network
from msftk.models.network import SerNetwork
from msftk.models.randomness import random_state
from msftk.models.targets import fit_targets
from msftk.models.where import CPU
from msftk.preparation.extract import extract
from msftk.recipes.train import train
from msftk.runs.begin import Begun
from msftk.runs.folder import RunFolder
from msftk.runs.inputs import Examples, Inputs
from msftk.settings import Settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.training import loop, memory
from msftk.training.memory import WORKSPACE, Need, measure


def test_need_grows_with_the_micro_batch_and_what_fits_is_a_power_of_two() -> None:
    need = Need(fixed=100, utterance=10)
    assert need.of(4) == 148  # a margin of a fifth
    assert [need.fits(free, 12) for free in (111, 112, 147, 148, 10_000)] == [0, 1, 2, 4, 8]


@pytest.fixture
def built(tmp_path: Path, tone_corpus: Manifest, tone_store: Store):
    """A network and its training examples, by its options."""
    folder = save_tiny_wavlm(tmp_path / "wavlm")

    def build(*options: str) -> tuple[SerNetwork, Examples]:
        settings = wavlm_settings(folder, *options)
        utterances = tone_corpus.split("train")
        prepared = extract(utterances, settings, tone_store, with_f0=False)
        targets = fit_targets(settings.targets, utterances)
        network = build_network(settings, prepared.dims, prepared.groups, targets)
        inputs = Inputs(prepared, settings.data.seconds_kept)
        inputs.read_all(utterances, network.acoustic)
        return network, Examples(utterances, inputs, network.acoustic, tone_corpus.scale, targets)

    return build


def test_measuring_changes_nothing_and_follows_what_is_trained(built) -> None:
    network, examples = built()
    before, random = {k: v.clone() for k, v in network.state_dict().items()}, random_state(CPU.device)
    network.eval()
    need = measure(network, examples, CPU)
    assert not network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(torch.equal(value, random[name]) for name, value in random_state(CPU.device).items())
    assert all(p.grad is None for p in network.parameters())
    trained = sum(p.numel() for p in network.parameters() if p.requires_grad)
    assert need.fixed == WORKSPACE + 12 * trained  # a gradient and two moments, float32
    fewer = [
        measure(*built(option), CPU).utterance
        for option in ("acoustic.gradient_checkpointing=true", "acoustic.freeze=true", "data.seconds_kept=0.3")
    ]
    assert max(fewer) < 0.8 * need.utterance


def stopped_at_once(settings: Settings, folder: Path, corpus: Manifest, store: Store) -> None:
    def stop(progress: object) -> None:
        if getattr(progress, "stage", "") == "training":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(corpus, settings, folder, store=store, device="cpu", progress=stop)


def test_auto_takes_what_fits_and_the_run_keeps_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    chosen: list[int] = []

    class Loader(loop.Loader):
        def __init__(
            self, train: Examples, sampler: object, training: object, micro_batch: int, *more: object, **others: object
        ) -> None:
            chosen.append(micro_batch)
            super().__init__(train, sampler, training, micro_batch, *more, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "Loader", Loader)
    settings = tiny_settings("training.micro_batch=auto", "training.batch=12", "fusion.name=none", "training.epochs=1")
    monkeypatch.setattr(memory, "measure", lambda *_: Need(0, 1000))
    for free in (5000, 10**9):  # the second is as resumed on a larger machine
        monkeypatch.setattr(memory, "free_bytes", lambda device, free=free: free)
        stopped_at_once(settings, tmp_path / "run", tone_corpus, tone_store)
    stopped_at_once(settings, tmp_path / "other", tone_corpus, tone_store)
    assert chosen == [4, 4, 8]


def test_what_does_not_fit_is_refused_with_what_would(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    wavlm = save_tiny_wavlm(tmp_path / "wavlm")
    settings = wavlm_settings(wavlm, "training.micro_batch=8", "training.batch=12", "training.epochs=1")
    monkeypatch.setattr(memory, "measure", lambda *_: Need(2 * 10**9, 10**9))
    for free, remedy in (
        (5 * 10**9, "--set training.micro_batch=2"),
        (25 * 10**8, "--set training.micro_batch=1 --set data.seconds_kept=5"),
    ):
        monkeypatch.setattr(memory, "free_bytes", lambda device, free=free: free)
        with pytest.raises(InputError) as told:
            train(tone_corpus, settings, tmp_path / "run", store=tone_store, device="cpu")
        assert f"needs about 11.6 GB on cpu for micro-batches of 8, and {free / 1e9:.1f} GB are free" in str(told.value)
        for words in (
            f"What would fit: {remedy}. ",
            "acoustic.gradient_checkpointing=true",
            "or --set acoustic.freeze=true",
        ):
            assert words in str(told.value)
    monkeypatch.undo()  # what would fit goes into the same folder
    fitting = wavlm_settings(wavlm, "training.micro_batch=2", "training.batch=12", "training.epochs=1")
    assert train(tone_corpus, fitting, tmp_path / "run", store=tone_store, device="cpu").begun is Begun.NEW


def test_memory_that_ends_in_training_is_told_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    def full(*_: object) -> float:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(loop, "accumulate_gradients", full)
    with pytest.raises(MsftkError, match=r"epoch 1: no memory left on cpu with micro-batches of .*half of it"):
        train(tone_corpus, tiny_settings("fusion.name=none"), tmp_path / "run", store=tone_store, device="cpu")


def test_torn_file_of_what_the_run_keeps_is_named(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.state.mkdir()
    (run.state / "micro_batch.json").write_text('{"micro_batch": "many"}')
    with pytest.raises(InputError, match=r"micro_batch\.json: micro_batch is 'many'"):
        memory.micro_batch_of(None, None, tiny_settings(), run, CPU)  # type: ignore[arg-type]
