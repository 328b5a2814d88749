from __future__ import annotations

import numpy as np
import pytest
from tones import tones, tones_alignment

from msftk.errors import InputError
from msftk.prosody import harvest, score_words, word_prosody
from msftk.registry import registry


def test_scores_are_the_weighted_z_scores() -> None:
    waveform, alignment = tones(), tones_alignment()
    prosody = word_prosody(waveform, alignment, harvest(waveform, 16_000))
    lemf = registry().create("emphasis", "lemf", {"weight_pitch": 2.0})
    np.testing.assert_array_equal(
        lemf.scores(waveform, 16_000, alignment, prosody=prosody), score_words(prosody, weight_pitch=2.0)
    )


def test_weights_default_to_the_papers() -> None:
    options = registry().options("emphasis", "lemf", {})
    assert options.model_dump() == {"weight_pitch": 1.0, "weight_energy": 1.2, "weight_duration": 0.8}


def test_a_weight_must_be_a_finite_number() -> None:
    with pytest.raises(InputError, match=r"emphasis.weight_energy is 'loud'"):
        registry().options("emphasis", "lemf", {"weight_energy": "loud"})
