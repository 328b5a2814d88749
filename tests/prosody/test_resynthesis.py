"""Resynthesis: the word that is named is higher, louder and longer, and the control is none of these."""

from __future__ import annotations

import numpy as np
import pytest
import pyworld

from msftk.prosody.f0 import harvest
from msftk.prosody.resynthesis import DURATION, FADE, PITCH, Piece, Takes, times_of
from msftk.prosody.stress import emphasis
from msftk.speech.alignment import make_alignment, make_tier
from msftk.types import Emphasis, Float32, WordProsody

STEP_S = 0.4


@pytest.fixture(scope="module")
def waveform() -> Float32:
    t = np.arange(round(3 * STEP_S * 16_000)) / 16_000
    sound = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 20))
    return (0.1 * sound + np.random.default_rng(0).normal(0, 1e-3, len(t))).astype(np.float32)


@pytest.fixture(scope="module")
def takes(waveform: Float32) -> Takes:
    return Takes.of(waveform, harvest(waveform, 16_000))


def moved(takes: Takes, prosody: WordProsody, old: int, new: int) -> Float32:
    return takes.joined(takes.pieces(prosody, old, new))


def found(waveform: Float32, bounds: tuple[float, ...]) -> Emphasis:
    words = make_tier(bounds[:-1], bounds[1:], ["one", "two", "three"])
    return emphasis(waveform, 16_000, make_alignment(words, make_tier([], [], []), "example"))


def test_the_control_is_as_long_as_high_and_about_as_loud(waveform: Float32, takes: Takes) -> None:
    before = found(waveform, (0.0, STEP_S, 2 * STEP_S, 3 * STEP_S))
    control = moved(takes, before.prosody, 0, 0)
    assert len(control) == pytest.approx(len(waveform), abs=160)
    after = found(control, (0.0, STEP_S, 2 * STEP_S, len(control) / 16_000)).prosody
    np.testing.assert_allclose(after.log_f0[1:], before.prosody.log_f0[1:], atol=0.02)
    np.testing.assert_allclose(after.energy[1:], before.prosody.energy[1:], rtol=0.3)
    np.testing.assert_array_equal(control, moved(takes, before.prosody, 1, 1))


def test_the_stress_moves_from_the_old_word_to_the_new(waveform: Float32, takes: Takes) -> None:
    before = found(waveform, (0.0, STEP_S, 2 * STEP_S, 3 * STEP_S)).prosody
    made = moved(takes, before, 1, 2)
    middle = STEP_S + STEP_S / DURATION
    assert len(made) / 16_000 == pytest.approx(middle + STEP_S * DURATION, abs=0.02)
    after = found(made, (0.0, STEP_S, middle, len(made) / 16_000))
    assert after.top == 2
    control = found(moved(takes, before, 1, 1), (0.0, STEP_S, 2 * STEP_S, 3 * STEP_S - 0.01)).prosody
    inside = np.exp(np.median(after.prosody.log_f0[2]) - np.median(control.log_f0[2]))
    assert inside == pytest.approx(PITCH, rel=0.05)
    assert after.prosody.energy[2] > 1.2 * control.energy[2]
    assert after.prosody.energy[1] < control.energy[1]


def test_outside_of_both_words_the_sound_is_that_of_the_control(waveform: Float32, takes: Takes) -> None:
    before = found(waveform, (0.0, STEP_S, 2 * STEP_S, 3 * STEP_S)).prosody
    control, made = moved(takes, before, 0, 0), moved(takes, before, 0, 1)
    pieces = takes.pieces(before, 0, 1)
    assert [piece.take for piece in pieces] == ["relieved", "stressed", "plain"]
    rest = pieces[-1]
    np.testing.assert_array_equal(made[len(made) - (rest.last - rest.first) + FADE :], control[rest.first + FADE :])
    old_s, new_s = times_of(pieces)
    np.testing.assert_allclose(old_s[:3], [0, STEP_S, 2 * STEP_S], atol=1e-4)
    np.testing.assert_allclose(new_s, [0, STEP_S / 1.25, STEP_S * 2.05, len(made) / 16_000], atol=0.011)


def test_periods_meet_in_phase_where_takes_are_joined() -> None:
    t = np.arange(16_000) / 16_000
    wave = np.sin(2 * np.pi * 150 * t)
    late = np.sin(2 * np.pi * 150 * t + 2.5)
    takes = Takes({"plain": wave.astype(np.float32), "stressed": late.astype(np.float32), "relieved": wave})
    first = takes._in_phase(Piece("plain", 0, 4000), "stressed", 4000)
    made = takes.joined([Piece("plain", 0, 4000), Piece("stressed", first, 8000)])
    assert abs(first - 4000) <= 80
    np.testing.assert_allclose(made, np.sin(2 * np.pi * 150 * np.arange(len(made)) / 16_000), atol=0.1)


def test_takes_that_are_made_side_by_side_are_those_made_one_after_another(waveform: Float32, takes: Takes) -> None:
    f0_hz = harvest(waveform, 16_000)
    samples, times_s = waveform.astype(np.float64), np.arange(len(f0_hz)) * 0.005
    spectrum = pyworld.cheaptrick(samples, f0_hz, times_s, 16_000)
    aperiodicity = pyworld.d4c(samples, f0_hz, times_s, 16_000)
    plain = pyworld.synthesize(f0_hz, spectrum, aperiodicity, 16_000, 5.0)
    np.testing.assert_array_equal(takes.sounds["plain"], plain.astype(np.float32))
