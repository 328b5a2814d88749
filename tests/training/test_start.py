"""The start of training: the first step's predictions have the mean and the spread of all training ratings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from outside.targets import OfMixed
from small_corpus import tiny_settings
from torch import Tensor, nn

from msftk.interfaces import Sampler
from msftk.models.build import build_network
from msftk.models.network import SerNetwork
from msftk.models.targets import fit_targets
from msftk.models.where import CPU
from msftk.preparation.extract import extract
from msftk.recipes.train import train
from msftk.runs.inputs import Examples, Inputs
from msftk.settings import Settings
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.training.batches import training_batches
from msftk.training.start import start_from_ratings
from msftk.training.steps import forward
from msftk.types import ATTRIBUTES

MICRO_BATCH = 4
Made = tuple[SerNetwork, Examples, Settings]


@pytest.fixture
def make(tone_corpus: Manifest, tone_store: Store) -> Callable[..., Made]:
    def made(*assignments: str, corpus: Manifest = tone_corpus) -> Made:
        """A network in its random weights, and all utterances to train it on."""
        settings = tiny_settings(*assignments)
        prepared = extract(corpus.utterances, settings, tone_store, with_f0=True)
        targets = fit_targets(settings.targets, corpus.utterances)
        network = build_network(settings, prepared.dims, prepared.groups, targets)
        inputs = Inputs(prepared, settings.data.seconds_kept)
        inputs.read_all(corpus.utterances, network.acoustic)
        network.acoustic.fit(inputs.read(u, network.acoustic) for u in corpus.utterances)
        return network, Examples(corpus.utterances, inputs, network.acoustic, corpus.scale, targets), settings

    return made


def everyone(examples: Examples, settings: Settings) -> Sampler:
    sampler: Sampler = settings.create("sampler", utterances=examples.utterances)
    return sampler


def start(made: Made) -> Tensor:
    """Starts from the ratings; returns what the first step then says, [utterance, column]."""
    network, examples, settings = made
    start_from_ratings(network, examples, everyone(examples, settings), settings.training, MICRO_BATCH, CPU)
    return said_in_first_step(made)


def said_in_first_step(made: Made) -> Tensor:
    network, examples, settings = made
    own = settings.training
    step = training_batches(everyone(examples, settings), examples.lengths, own.batch, MICRO_BATCH, own.seed, 1)[0]
    network.train()
    with torch.no_grad():
        return torch.cat([forward(network, examples.batch(rows), CPU).answers["vad"].outputs["value"] for rows in step])


@pytest.mark.parametrize(
    "parts",
    [
        ("fusion.name=fm-moe", "fusion.router=conditional"),
        ("fusion.name=none", "head.dropout=0"),
        ("fusion.name=film",),
    ],
    ids=lambda parts: parts[0],
)
def test_the_first_step_has_the_mean_and_the_spread_of_the_ratings(
    make: Callable[..., Made], parts: tuple[str]
) -> None:
    made = make(*parts)
    ratings = made[1].truths["vad"]
    said = start(made)
    torch.testing.assert_close(said.mean(0), ratings.mean(0), rtol=0, atol=1e-5)
    torch.testing.assert_close(said.std(0, correction=0), ratings.std(0, correction=0), rtol=1e-4, atol=0)


def test_predictions_that_run_against_the_ratings_are_turned_round(make: Callable[..., Made]) -> None:
    made = make("fusion.name=none", "training.batch=24", "training.micro_batch=24")
    network, examples, settings = made
    (((batch, rows),),) = [
        [(examples.batch(rows), rows) for rows in step]
        for step in training_batches(everyone(examples, settings), examples.lengths, 24, 24, settings.training.seed, 1)
    ]
    ratings = examples.truths["vad"][rows]

    def covariance() -> Tensor:
        with torch.no_grad():
            said = forward(network.eval(), batch, CPU).answers["vad"].outputs["value"]
        return ((said - said.mean(0)) * (ratings - ratings.mean(0))).mean(0)

    with torch.no_grad():
        network.heads["vad"].rescale(-torch.sign(covariance()), torch.zeros(3))
        assert (covariance() < 0).all()
        start(made)
        assert (covariance() > 0).all()


def test_unrated_and_constant_columns_and_predictions_without_spread_stay_finite(
    make: Callable[..., Made], tone_corpus: Manifest
) -> None:
    rated = [
        replace(u, ratings={"valence": u.ratings["valence"], "arousal": 2.5, "dominance": float("nan")})
        for u in tone_corpus.utterances
        if u.ratings
    ]
    made = make("fusion.name=none", "head.dropout=0", corpus=replace(tone_corpus, utterances=tuple(rated)))
    torch.manual_seed(0)
    untouched = said_in_first_step(made)
    torch.manual_seed(0)
    said = start(made)
    torch.testing.assert_close(said[:, 1].mean(), torch.tensor(0.25))
    torch.testing.assert_close(said[:, 1].std(), untouched[:, 1].std())
    assert torch.equal(said[:, 2], untouched[:, 2])
    for last in (regression[-1] for regression in made[0].heads["vad"].regressions.values()):
        nn.init.zeros_(last.weight)
    said = start(made)
    assert said[:, 0].unique().numel() == 1
    torch.testing.assert_close(said[0, 0], made[1].truths["vad"][:, 0].mean())


def test_a_head_that_does_not_offer_it_starts_as_it_is_built(make: Callable[..., Made]) -> None:
    made = make()
    network = made[0]
    network.heads["vad"] = OfMixed(OfMixed.Options(), dim=network.fusion.out_dim, attributes=ATTRIBUTES)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    start(made)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_training_starts_there_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tone_corpus: Manifest, tone_store: Store
) -> None:
    calls: list[Any] = []
    monkeypatch.setattr("msftk.training.loop.start_from_ratings", lambda *given: calls.append(given))
    train(tone_corpus, tiny_settings("fusion.name=none"), tmp_path / "run", store=tone_store, device="cpu")
    assert len(calls) == 1
