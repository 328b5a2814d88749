"""Acoustic inputs: the first seconds, kept while memory lasts, arrays or tensors alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from msftk.runs.inputs import Inputs
from msftk.settings import load_settings
from msftk.store.manifest import Manifest


class Counting:
    """An acoustic encoder that counts how often it prepares."""

    needs_f0, reads_sound, dim = False, True, 1

    def __init__(self) -> None:
        self.calls = 0

    def prepare(self, waveform: np.ndarray, f0_hz: None) -> torch.Tensor:
        self.calls += 1
        return torch.from_numpy(waveform)


@pytest.mark.parametrize(("memory_bytes", "calls"), [(2**20, 1), (100, 2)])
def test_inputs_are_kept_while_memory_lasts_and_made_again_beyond(
    tone_corpus: Manifest, memory_bytes: int, calls: int
) -> None:
    encoder, utterance = Counting(), tone_corpus.utterances[0]
    inputs = Inputs(None, load_settings("tiny").data.seconds_kept, memory_bytes)  # type: ignore[arg-type]
    first, again = (inputs.read(utterance, encoder) for _ in range(2))  # type: ignore[arg-type]
    assert torch.equal(first, again)
    assert encoder.calls == calls


def test_only_the_first_seconds_are_heard(tone_corpus: Manifest) -> None:
    inputs = Inputs(None, 0.25)  # type: ignore[arg-type]
    assert len(inputs.read(tone_corpus.utterances[0], Counting())) == 4000  # type: ignore[arg-type]
