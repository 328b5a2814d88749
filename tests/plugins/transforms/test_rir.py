"""Rooms: when the direct sound arrives, how loud, and how the rest dies away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from msftk import testing
from msftk.errors import InputError
from msftk.interfaces import Sound
from msftk.registry import registry
from msftk.settings import load_settings


def click() -> np.ndarray:
    waveform = np.zeros(32_000, np.float32)
    waveform[1000] = 0.5
    return waveform


def heard(waveform: np.ndarray, seed: int = 0, **options: object) -> np.ndarray:
    transform = registry().create("transform", "rir", options)
    return np.asarray(transform(Sound(waveform), np.random.default_rng(seed)).waveform)


def test_it_keeps_the_contract_of_its_kind(tmp_path: Path) -> None:
    testing.check_transform("rir")
    soundfile.write(tmp_path / "room.wav", np.random.default_rng(0).normal(0, 0.1, (500, 4)), 16_000)
    testing.check_transform("rir", folder=str(tmp_path))


def test_a_measured_response_is_counted_from_its_direct_sound(tmp_path: Path) -> None:
    response = np.zeros((900, 2))
    response[300, 0], response[700, 0], response[10, 1] = -0.8, 0.4, 0.9  # the second microphone is not heard
    soundfile.write(tmp_path / "room.wav", response, 16_000, subtype="FLOAT")
    waveform = np.random.default_rng(1).normal(0, 0.1, 8000).astype(np.float32)
    expected = np.convolve(waveform, response[:, 0])[300:8300]
    expected *= np.sqrt(np.square(waveform).mean() / np.square(expected).mean())
    np.testing.assert_allclose(heard(waveform, folder=str(tmp_path)), expected, atol=1e-5)


def test_a_synthetic_response_falls_by_60_db_in_its_time_and_keeps_the_level() -> None:
    for rt60_s in (0.2, 0.6):
        room = heard(click(), rt60_s=(rt60_s, rt60_s), drr_db=(3, 3)).astype(np.float64)
        assert np.square(room).sum() == pytest.approx(0.25, rel=1e-3)
        assert not room[:990].any() or np.abs(room[:990]).max() < 1e-6
        assert int(np.abs(room).argmax()) == 1000
        tail = room[1001:]
        assert 10 * np.log10(room[1000] ** 2 / np.square(tail).sum()) == pytest.approx(3, abs=0.1)
        left_db = 10 * np.log10(np.cumsum(np.square(tail)[::-1])[::-1] + 1e-12)  # Schroeder's curve
        n = round(rt60_s * 16_000 / 3)
        slope_db = (left_db[n] - left_db[0]) / (n / 16_000)
        assert slope_db * rt60_s == pytest.approx(-60, abs=6)


def test_rooms_are_drawn_anew() -> None:
    assert not np.array_equal(heard(click(), 1), heard(click(), 2))


@pytest.mark.parametrize("bounds", ["[0.8,0.2]", "[0,0.5]"])
def test_times_upside_down_or_of_nothing_are_refused(bounds: str) -> None:
    with pytest.raises(InputError, match=r"transforms\.rir\.rt60_s"):
        load_settings(assignments=[f'transforms=[{{name="rir",rt60_s={bounds}}}]'], environment={})
