"""The loader: the same steps as without it, over the ends of epochs, from the step that a killed run reached."""

from __future__ import annotations

import pytest
import torch
from small_corpus import tiny_settings

from msftk.errors import InputError
from msftk.interfaces import Sampler
from msftk.models.targets import fit_targets
from msftk.models.where import CPU
from msftk.preparation.extract import extract
from msftk.runs.inputs import Examples, Inputs
from msftk.store.features import Store
from msftk.store.manifest import Manifest
from msftk.training.batches import training_batches
from msftk.training.loader import Loader
from msftk.training.steps import Micro

TRAINING = tiny_settings("training.batch=6", "training.micro_batch=2", "training.epochs=3").training


@pytest.fixture
def examples(tone_corpus: Manifest, tone_store: Store) -> Examples:
    """The tones in the order of the corpus, for the encoder of the small settings; none of them kept in memory."""
    settings = tiny_settings()
    prepared = extract(tone_corpus.utterances, settings, tone_store, with_f0=True)
    encoder = settings.create("acoustic")
    inputs = Inputs(prepared, settings.data.seconds_kept, memory_bytes=0)
    assert inputs.read_all(tone_corpus.utterances, encoder) == {}
    targets = fit_targets(settings.targets, tone_corpus.utterances)
    return Examples(tone_corpus.utterances, inputs, encoder, tone_corpus.scale, targets)


def everyone(examples: Examples) -> Sampler:
    sampler: Sampler = tiny_settings().create("sampler", utterances=examples.utterances)
    return sampler


def steps_without(examples: Examples) -> list[list[Micro]]:
    return [
        [(examples.batch(rows), {name: truth[rows] for name, truth in examples.truths.items()}) for rows in step]
        for epoch in range(1, 4)
        for step in training_batches(everyone(examples), examples.lengths, 6, 2, TRAINING.seed, epoch)
    ]


@pytest.mark.parametrize("begun", [0, 1, 4])
def test_steps_are_the_same_to_the_last_bit(examples: Examples, begun: int) -> None:
    expected = steps_without(examples)
    with Loader(examples, everyone(examples), TRAINING, 2, CPU, begun) as loader:
        found = list(loader)
    assert len(found) == len(expected) - begun > 0
    for step, other in zip(found, expected[begun:], strict=True):
        for (batch, truths), (wanted, wanted_truths) in zip(step, other, strict=True):
            assert batch.ids == wanted.ids
            assert torch.equal(batch.inputs, wanted.inputs)
            assert torch.equal(batch.lengths, wanted.lengths)
            torch.testing.assert_close(truths, wanted_truths, rtol=0, atol=0, equal_nan=True)


def test_what_cannot_be_read_any_more_is_told_as_it_is(examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> torch.Tensor:
        raise InputError("s07.wav: no such file. Check the path of the audio.")

    monkeypatch.setattr(examples.inputs, "read", gone)
    with (
        pytest.raises(InputError, match=r"s07\.wav: no such file"),
        Loader(examples, everyone(examples), TRAINING, 2, CPU) as loader,
    ):
        next(loader)
