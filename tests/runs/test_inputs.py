"""Acoustic inputs: the first seconds, kept while memory lasts, arrays or tensors alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from msftk.preparation.extract import extract
from msftk.preparation.prepared import Prepared
from msftk.runs.inputs import Inputs
from msftk.settings import load_settings
from msftk.store.manifest import Manifest
from msftk.store.memory import MemoryStore
from msftk.types import Utterance


@pytest.fixture
def prepared() -> Prepared:
    """Of nothing: these inputs are sound alone."""
    return extract([], load_settings("tiny", flags={"semantics": ()}), MemoryStore())


class Counting:
    """An acoustic encoder that counts how often it prepares."""

    needs_f0, reads_sound, dim = False, True, 1

    reads_stored = False

    def __init__(self) -> None:
        self.calls = 0

    def prepare(self, waveform: np.ndarray, f0_hz: None) -> torch.Tensor:
        self.calls += 1
        return torch.from_numpy(waveform)


@pytest.mark.parametrize(("memory_bytes", "calls"), [(2**20, 1), (100, 2)])
def test_inputs_are_kept_while_memory_lasts_and_made_again_beyond(
    tone_corpus: Manifest, prepared: Prepared, memory_bytes: int, calls: int
) -> None:
    encoder, utterance = Counting(), tone_corpus.utterances[0]
    inputs = Inputs(prepared, load_settings("tiny").data.seconds_kept, memory_bytes)
    first, again = (inputs.read(utterance, encoder) for _ in range(2))  # type: ignore[arg-type]
    assert torch.equal(first, again)
    assert encoder.calls == calls


def test_only_the_first_seconds_are_heard(tone_corpus: Manifest, prepared: Prepared) -> None:
    inputs = Inputs(prepared, 0.25)
    assert len(inputs.read(tone_corpus.utterances[0], Counting())) == 4000  # type: ignore[arg-type]


def test_samples_that_were_handed_in_are_heard_as_a_file_is(prepared: Prepared) -> None:
    live = Utterance("live", None)
    inputs = Inputs(replace(prepared, rows={"live": 0}, samples={"live": np.ones(8000, np.float32)}), 0.25)
    assert inputs.read_all([live], Counting()) == {}  # type: ignore[arg-type]
    assert inputs.lengths(["live"]).tolist() == [4000]


def test_who_says_the_same_shares_a_vector_and_who_is_silent_has_none() -> None:
    said = {"a": "good morning", "b": "good morning", "c": "good night", "d": None}
    everyone = [Utterance(name, None, transcript=text) for name, text in said.items()]
    settings = load_settings("tiny", flags={"semantics": ("gs",)}, assignments=["text.name=hashing"])
    prepared = extract(everyone, settings, MemoryStore())
    kept, read_again = Inputs(prepared, 1.0), Inputs(prepared, 1.0, memory_bytes=0)
    vectors = {name: kept.vector("gs", name) for name in said}
    assert vectors["a"] is vectors["b"] is kept.vector("gs", "a")
    assert vectors["d"] is None
    for name in ("a", "c"):
        assert np.array_equal(vectors[name], prepared.vector("gs", name))  # type: ignore[arg-type]
        assert np.array_equal(vectors[name], read_again.vector("gs", name))  # type: ignore[arg-type]
    assert not np.array_equal(vectors["a"], vectors["c"])  # type: ignore[arg-type]
