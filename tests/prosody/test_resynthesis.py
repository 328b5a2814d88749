"""Resynthesis: the word that is named is higher, louder and longer, and the control is none of these."""

from __future__ import annotations

import numpy as np
import pytest

from msftk.prosody.f0 import harvest
from msftk.prosody.resynthesis import DURATION, PITCH, Voice
from msftk.prosody.stress import emphasis
from msftk.speech.alignment import make_alignment, make_tier
from msftk.types import Emphasis, Float32, WordProsody

STEP_S = 0.4


@pytest.fixture(scope="module")
def waveform() -> Float32:
    t = np.arange(round(3 * STEP_S * 16_000)) / 16_000
    sound = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 20))
    return (0.1 * sound + np.random.default_rng(0).normal(0, 1e-3, len(t))).astype(np.float32)


def resynthesised(waveform: Float32, prosody: WordProsody, old: int, new: int | None) -> Float32:
    return Voice.of(waveform, harvest(waveform, 16_000)).stressed(prosody, old, new)[0]


def found(waveform: Float32, bounds: tuple[float, ...]) -> Emphasis:
    words = make_tier(bounds[:-1], bounds[1:], ["one", "two", "three"])
    return emphasis(waveform, 16_000, make_alignment(words, make_tier([], [], []), "example"))


def test_the_control_is_as_long_as_high_and_about_as_loud(waveform: Float32) -> None:
    before = found(waveform, (0.0, STEP_S, 2 * STEP_S, 3 * STEP_S))
    control = resynthesised(waveform, before.prosody, 0, None)
    assert len(control) == pytest.approx(len(waveform), abs=160)
    after = found(control, (0.0, STEP_S, 2 * STEP_S, len(control) / 16_000)).prosody
    np.testing.assert_allclose(after.log_f0[1:], before.prosody.log_f0[1:], atol=0.02)
    np.testing.assert_allclose(after.energy[1:], before.prosody.energy[1:], rtol=0.3)
    np.testing.assert_array_equal(control, resynthesised(waveform, before.prosody, 1, 1))


def test_the_stress_moves_from_the_old_word_to_the_new(waveform: Float32) -> None:
    before = found(waveform, (0.0, STEP_S, 2 * STEP_S, 3 * STEP_S)).prosody
    moved = resynthesised(waveform, before, 1, 2)
    middle = STEP_S + STEP_S / DURATION
    assert len(moved) / 16_000 == pytest.approx(middle + STEP_S * DURATION, abs=0.02)
    after = found(moved, (0.0, STEP_S, middle, len(moved) / 16_000))
    assert after.top == 2
    control = found(resynthesised(waveform, before, 1, None), (0.0, STEP_S, 2 * STEP_S, 3 * STEP_S - 0.01)).prosody
    inside = np.exp(np.median(after.prosody.log_f0[2]) - np.median(control.log_f0[2]))
    assert inside == pytest.approx(PITCH, rel=0.05)
    assert after.prosody.energy[2] > 1.2 * control.energy[2]
    assert after.prosody.energy[1] < control.energy[1]
