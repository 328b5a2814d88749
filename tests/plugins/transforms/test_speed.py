"""Speed: length, pitch and the F0 that goes with it."""

from __future__ import annotations

import numpy as np
import pytest

from msftk import testing
from msftk.interfaces import Sound
from msftk.registry import registry

N = 24_000
TIME_S = np.arange(N) / 16_000
TONE = (0.2 * np.sin(2 * np.pi * 200 * TIME_S)).astype(np.float32)
F0_HZ = np.where(np.arange(N // 80 + 1) < 150, 200.0, 0.0)  # voiced for 0.75 s


def played(factor: float) -> Sound:
    transform = registry().create("transform", "speed", {"factor": (factor, factor)})
    sound: Sound = transform(Sound(TONE, F0_HZ), np.random.default_rng(0))
    return sound


def test_it_keeps_the_contract_of_its_kind() -> None:
    testing.check_transform("speed")
    testing.check_transform("speed", factor=(0.3, 3.0))


@pytest.mark.parametrize("factor", [0.8, 0.937, 1.1, 1.25])
def test_it_plays_faster_and_higher(factor: float) -> None:
    sound = played(factor)
    n = len(sound.waveform)
    assert n == round(N / factor)
    power = np.abs(np.fft.rfft(sound.waveform * np.hanning(n)))
    assert power.argmax() * 16_000 / n == pytest.approx(200 * factor, abs=16_000 / n)
    expected = 0.2 * np.sin(2 * np.pi * 200 * factor * np.arange(n) / 16_000)
    np.testing.assert_allclose(sound.waveform[400:-400], expected[400:-400], atol=2e-3)  # aligned in time


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_f0_is_scaled_and_lies_on_the_new_grid(factor: float) -> None:
    f0_hz = played(factor).f0_hz
    assert f0_hz is not None
    assert len(f0_hz) == round(N / factor) // 80 + 1
    assert set(f0_hz) == {0.0, 200 * factor}
    assert np.flatnonzero(f0_hz)[-1] * 0.005 == pytest.approx(0.745 / factor, abs=0.005)


def test_as_recorded_stays_as_it_is() -> None:
    sound = played(1.0)
    np.testing.assert_array_equal(sound.waveform, TONE)
    np.testing.assert_array_equal(sound.f0_hz, F0_HZ)
