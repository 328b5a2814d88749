"""Transforms in training: what is drawn depends on run, epoch and utterance alone, and nothing else hears them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from small_corpus import tiny_settings

from msftk.errors import InputError
from msftk.evaluation.predictions import read_predictions
from msftk.interfaces import Sound
from msftk.models.targets import fit_targets
from msftk.models.where import CPU, Where
from msftk.preparation.extract import extract
from msftk.progress import Progress
from msftk.recipes.predict import load
from msftk.recipes.train import train
from msftk.runs.inputs import Examples, Inputs
from msftk.settings import Settings, load_settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.training.loader import Loader
from msftk.training.transforms import make_transforms

ALL = 'transforms=[{name="noise",probability=0.7},"rir","speed",{name="level",gain_db=[-12,6]}]'
SOUND = Sound(np.random.default_rng(0).normal(0, 0.1, 4000).astype(np.float32))


def heard(settings: Settings, epoch: int, utterance: str) -> np.ndarray:
    heard_in = make_transforms(settings).in_epoch(epoch)
    assert heard_in is not None
    change = heard_in(utterance)
    return SOUND.waveform if change is None else change(SOUND).waveform


def test_without_transforms_nothing_is_changed() -> None:
    assert make_transforms(tiny_settings()).in_epoch(1) is None


def test_draws_follow_seed_epoch_utterance_and_place() -> None:
    settings = tiny_settings(ALL)
    same = heard(settings, 1, "a")
    np.testing.assert_array_equal(same, heard(settings, 1, "a"))
    others = [heard(settings, 2, "a"), heard(settings, 1, "b"), heard(tiny_settings(ALL, "training.seed=1"), 1, "a")]
    assert not any(np.array_equal(same, one) for one in others)
    alone, twice = tiny_settings("transforms=noise"), tiny_settings("transforms=noise,noise")
    first = heard(alone, 1, "a") - SOUND.waveform
    second = heard(twice, 1, "a") - SOUND.waveform - first
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1  # two noises, not one twice as loud


def test_they_come_in_the_order_of_the_settings() -> None:
    quiet = '{name="level",gain_db=[-200,-200]}'
    loud = '{name="noise",snr_db=[0,0]}'
    softened = heard(tiny_settings(f"transforms=[{loud},{quiet}]"), 1, "a")
    noisy = heard(tiny_settings(f"transforms=[{quiet},{loud}]"), 1, "a")
    np.testing.assert_allclose(softened, noisy, atol=1e-9)  # the ratio is to what came in
    halved = heard(tiny_settings('transforms=[{name="speed",factor=[2,2]},{name="speed",factor=[2,2]}]'), 1, "a")
    assert len(halved) == 1000


def test_a_probability_is_a_share_of_utterances() -> None:
    settings = tiny_settings('transforms=[{name="level",probability=0.25}]')
    heard_in = make_transforms(settings).in_epoch(1)
    assert heard_in is not None
    changed = [heard_in(f"u{k}") is not None for k in range(800)]
    assert np.mean(changed) == pytest.approx(0.25, abs=0.04)


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        (("acoustic.name=none", "fusion.name=semantics-only"), "acoustic encoder 'none' reads none"),
        (("acoustic.name=hf", "adaptation.name=frozen"), "features are computed once, of the recording"),
    ],
)
def test_an_encoder_that_would_not_hear_them_is_refused(chosen: tuple[str, ...], told: str) -> None:
    settings = load_settings(assignments=("transforms=noise", *chosen), environment={})
    with pytest.raises(InputError, match=told):
        make_transforms(settings)


def test_a_folder_that_is_not_there_is_told_before_the_run_begins(tone_corpus: Manifest, tmp_path: Path) -> None:
    settings = tiny_settings(f'transforms=[{{name="noise",folder="{tmp_path}/nowhere"}}]')
    with pytest.raises(InputError, match=r"nowhere: no such folder"):
        train(tone_corpus, settings, tmp_path / "run", store=tmp_path / "store")
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def examples(tone_corpus: Manifest, tone_store: Store) -> Examples:
    settings = tiny_settings()
    prepared = extract(tone_corpus.utterances, settings, tone_store, with_f0=True)
    encoder = settings.create("acoustic")
    inputs = Inputs(prepared, settings.data.seconds_kept)
    assert inputs.read_all(tone_corpus.utterances, encoder) == {}
    targets = fit_targets(settings.targets, tone_corpus.utterances)
    return Examples(tone_corpus.utterances, inputs, encoder, tone_corpus.scale, targets)


def batches(examples: Examples, where: Where = CPU, begun: int = 0, given: str = ALL) -> Iterator[dict]:
    """Of each step: id -> what the encoder reads of it."""
    settings = tiny_settings(given, "training.batch=6", "training.micro_batch=3", "training.epochs=2")
    sampler = settings.create("sampler", utterances=examples.utterances)
    with Loader(examples, sampler, settings.training, 3, where, begun, make_transforms(settings)) as loader:
        for step in loader:
            yield {
                one: inputs[:length].clone()
                for batch, _ in step
                for one, inputs, length in zip(batch.ids, batch.inputs, batch.lengths, strict=True)
            }


def equal(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_threads_processes_and_a_resumed_run_hear_the_same(examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = list(batches(examples))
    assert len(steps) == 8
    assert all(map(equal, steps[5:], batches(examples, begun=5)))
    monkeypatch.setattr("msftk.runs.ahead.cores", lambda: 8)
    assert all(map(equal, steps, batches(examples)))
    ranks = [batches(examples, Where(torch.device("cpu"), rank=rank, world_size=2)) for rank in range(2)]
    assert all(equal(step, first | second) for step, first, second in zip(steps, *ranks, strict=True))


def test_each_epoch_hears_something_else_and_what_is_kept_in_memory_stays(examples: Examples) -> None:
    steps = list(batches(examples))
    first, second = ({k: v for step in steps[part] for k, v in step.items()} for part in (slice(4), slice(4, 8)))
    assert first.keys() == second.keys() == set(examples.ids)
    assert not any(torch.equal(first[one], second[one]) for one in first)
    clean = {k: v for step in batches(examples, given="transforms=[]") for k, v in step.items()}
    recorded = examples.batch(range(len(examples)))
    for one, inputs, length in zip(recorded.ids, recorded.inputs, recorded.lengths, strict=True):
        assert torch.equal(clean[one], inputs[:length])
        assert not torch.equal(first[one], clean[one])


def test_no_more_is_heard_than_the_settings_keep(tone_corpus: Manifest, tone_store: Store) -> None:
    settings = tiny_settings('transforms=[{name="speed",factor=[0.5,0.5]}]', "acoustic.trim_db=1000")
    prepared = extract(tone_corpus.utterances, settings, tone_store, with_f0=True)
    inputs, encoder = Inputs(prepared, seconds_kept=0.6), settings.create("acoustic")
    heard_in = make_transforms(settings).in_epoch(1)
    assert heard_in is not None
    utterance = tone_corpus.utterances[0]
    assert len(inputs.read(utterance, encoder, heard_in(utterance.id))) == len(inputs.read(utterance, encoder)) == 61


def interrupting(progress: Progress) -> None:
    if progress.stage == "training" and progress.done == 3:
        raise KeyboardInterrupt


def test_a_run_resumes_to_the_same_bits_and_is_scored_on_what_was_recorded(
    tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    settings, whole, resumed = tiny_settings(ALL, "training.epochs=2"), tmp_path / "whole", tmp_path / "resumed"
    train(tone_corpus, settings, whole, store=tone_store, device="cpu")
    with pytest.raises(KeyboardInterrupt):
        train(tone_corpus, settings, resumed, store=tone_store, device="cpu", progress=interrupting)
    train(tone_corpus, settings, resumed, store=tone_store, device="cpu")
    assert (whole / "model.safetensors").read_bytes() == (resumed / "model.safetensors").read_bytes()
    kept, ensemble = read_predictions(whole / "predictions" / "test.parquet"), load(whole).ensemble
    tested = [u for u in tone_corpus.utterances if u.split == "test"]
    said = ensemble.predict(tested, ensemble.preparations(tone_store), scale=tone_corpus.scale).predictions
    np.testing.assert_allclose(kept.values, said.values, atol=1e-5)
    card = json.loads((whole / "protocol.json").read_text())
    assert [one["name"] for one in card["settings"]["transforms"]] == ["noise", "rir", "speed", "level"]
    assert card["transforms"] == [{}, {}, {}, {}]  # none read a folder
    assert card["packages"]["transforms.rir"].startswith("msftk ")
