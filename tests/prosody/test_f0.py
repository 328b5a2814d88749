from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.prosody import harvest
from msftk.prosody.f0 import simd
from msftk_ext import simd as vector_widths


def tone(sample_rate_hz: int, seconds: float = 0.5) -> np.ndarray:
    t = np.arange(round(seconds * sample_rate_hz)) / sample_rate_hz
    return 0.1 * sum(np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 6))


def assert_same_f0(found: np.ndarray, expected: np.ndarray) -> None:
    """The same frames voiced, and every one within a thousandth of a cent."""
    np.testing.assert_array_equal(found > 0, expected > 0)
    np.testing.assert_allclose(found, expected, rtol=2 ** (0.001 / 1200) - 1)


def test_harvest_equals_pyworld(waveform: np.ndarray) -> None:
    import pyworld

    expected, _ = pyworld.harvest(waveform.astype(np.float64), 16_000)
    assert_same_f0(harvest(waveform, 16_000), expected)


def test_harvest_passes_range_and_hop_on(waveform: np.ndarray) -> None:
    import pyworld

    expected, _ = pyworld.harvest(waveform.astype(np.float64), 16_000, f0_floor=100, f0_ceil=160, frame_period=10.0)
    assert_same_f0(harvest(waveform, 16_000, 100, 160, 0.01), expected)


@pytest.mark.parametrize("sample_rate_hz", [8_000, 16_000, 44_100])
def test_harvest_finds_the_pitch_of_a_tone_at_any_rate(sample_rate_hz: int) -> None:
    f0_hz = harvest(tone(sample_rate_hz), sample_rate_hz)
    assert len(f0_hz) == 101
    assert np.median(f0_hz) == pytest.approx(150, rel=1e-3)


@pytest.mark.parametrize("width", vector_widths.widths())
def test_msftk_simd_chooses_the_vector_width(width: str, waveform: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = harvest(waveform, 16_000)
    monkeypatch.setenv("MSFTK_SIMD", width)
    assert simd() == width
    assert_same_f0(harvest(waveform, 16_000), expected)


def test_msftk_simd_is_the_widest_without_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MSFTK_SIMD", raising=False)
    assert simd() == vector_widths.widths()[-1]


def test_msftk_simd_names_the_widths_of_this_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSFTK_SIMD", "fast")
    with pytest.raises(InputError, match=r"MSFTK_SIMD=fast: there is no such vector width, expected scalar"):
        harvest(np.zeros(100), 16_000)
    monkeypatch.setenv("MSFTK_SIMD", "avx512")
    monkeypatch.setattr(vector_widths, "PRESENT", {"scalar": 0, "avx2": 1})
    with pytest.raises(InputError, match=r"avx512: this processor lacks it, expected scalar or avx2\. Correct"):
        harvest(np.zeros(100), 16_000)


def test_harvest_takes_float32_and_strided_samples_and_leaves_them_alone() -> None:
    samples = tone(16_000)
    stereo = np.stack([samples, samples], axis=1)
    kept = stereo.copy()
    np.testing.assert_array_equal(harvest(stereo[:, 0], 16_000), harvest(samples, 16_000))
    np.testing.assert_array_equal(stereo, kept)


@pytest.mark.parametrize("length", [2, 79, 80, 320])
def test_harvest_of_a_few_samples_is_unvoiced(length: int) -> None:
    f0_hz = harvest(np.full(length, 0.1), 16_000)
    assert f0_hz.tolist() == [0.0] * (length // 80 + 1)


def test_harvest_gives_the_same_bits_in_threads(waveform: np.ndarray) -> None:
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda part: harvest(part, 16_000), [waveform, waveform[8000:], waveform]))
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[0], harvest(waveform, 16_000))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (np.zeros(0), "waveform: no samples"),
        (np.zeros(1), "waveform: 1 sample"),
        (np.array([0.0, np.nan, 0.0]), "waveform: sample 1 is nan, expected finite numbers"),
        (np.array([0.0, 0.0, np.inf]), "waveform: sample 2 is inf"),
        (np.zeros((100, 2)), r"waveform of shape \(100, 2\), expected \[samples\]"),
    ],
)
def test_harvest_refuses_what_pyworld_would_answer_with_silence(bad: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=said):
        harvest(bad, 16_000)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sample_rate_hz": 4000}, "sample rate 4000 Hz: Harvest finds F0 from 8000 Hz up. Resample"),
        ({"f0_floor_hz": 0.0}, r"F0 range 0..800 Hz: expected 10 <= floor < ceil < 8000 Hz"),
        ({"f0_floor_hz": 900.0}, r"F0 range 900..800 Hz"),
        ({"f0_ceil_hz": 9000.0}, r"F0 range 71..9000 Hz"),
        ({"hop_s": 0.0}, r"F0 hop 0 s: expected 0.001 to 1 s"),
    ],
)
def test_harvest_refuses_impossible_settings(arguments: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        harvest(np.zeros(1000), **{"sample_rate_hz": 16_000, **arguments})
