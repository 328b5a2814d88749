from __future__ import annotations

import numpy as np

from msftk_plugins.acoustic.tracks import (
    at_frames,
    deltas,
    mel_filters,
    pitch_tracks,
    power_spectra,
    speech_frames,
    tilt,
)


def tone(hz: float, n: int) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(n) / 16_000)).astype(np.float32)


def test_a_tone_is_loudest_in_the_band_around_it() -> None:
    spectra = power_spectra(tone(1000, 8000)) @ mel_filters(40).T
    edges_mel = np.linspace(2595 * np.log10(1 + 20 / 700), 2595 * np.log10(1 + 8000 / 700), 42)
    expected = np.abs(edges_mel[1:-1] - 2595 * np.log10(1 + 1000 / 700)).argmin()
    assert (spectra[5:-5].argmax(axis=1) == expected).all()


def test_power_equals_the_discrete_fourier_sum_of_the_centred_window() -> None:
    waveform = np.random.default_rng(0).normal(size=1000)
    frame = 3  # centred at sample 480
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    part = waveform[280:680] * window
    turns = np.exp(-2j * np.pi * np.outer(np.arange(257), np.arange(400)) / 512)
    np.testing.assert_allclose(power_spectra(waveform)[frame], np.abs(turns @ part) ** 2 / 512, rtol=1e-9)


def test_mel_filters_of_neighbours_sum_to_one_between_their_peaks() -> None:
    total = mel_filters(40).sum(axis=0)
    bins_hz = np.arange(257) * 16_000 / 512
    np.testing.assert_allclose(total[(bins_hz > 100) & (bins_hz < 7500)], 1, atol=1e-9)


def test_log_f0_is_drawn_across_unvoiced_frames_and_held_at_the_ends() -> None:
    f0_hz = np.zeros(14)
    f0_hz[[2, 8]] = 100.0, 400.0  # frames 1 and 4
    log_f0, voicing = pitch_tracks(at_frames(f0_hz, 7))
    np.testing.assert_allclose(np.exp(log_f0), 100 * 4.0 ** np.array([0, 0, 1 / 3, 2 / 3, 1, 1, 1]), rtol=1e-9)
    assert voicing.tolist() == [0, 1, 0, 0, 1, 0, 0]


def test_deltas_are_the_slope_of_a_line() -> None:
    line = np.outer(np.arange(10), [1.0, -2.0])
    np.testing.assert_allclose(deltas(line)[2:-2], [[1.0, -2.0]] * 6)


def test_tilt_is_high_for_a_low_tone_and_low_for_a_high_one() -> None:
    low, high = (tilt(power_spectra(tone(hz, 8000)))[5:-5] for hz in (300, 3000))
    assert (low > 5).all()
    assert (high < -5).all()


def test_speech_is_within_so_many_decibels_of_the_loudest_frame() -> None:
    log_energy = np.log(10.0) / 10 * np.array([-36.0, -34.0, 0.0, -50.0])
    assert speech_frames(log_energy, 35.0).tolist() == [False, True, True, False]
    assert speech_frames(np.full(3, -23.0), 35.0).all()
