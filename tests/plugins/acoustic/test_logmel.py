from __future__ import annotations

import numpy as np
import pytest
import torch

from msftk_plugins.acoustic.logmel import LogMel, deltas, mel_filters, pitch_tracks, power_spectra


@pytest.fixture
def encoder() -> LogMel:
    torch.manual_seed(0)
    return LogMel(LogMel.Options(bands=40, channels=8)).eval()


def tone(hz: float, n: int) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(n) / 16_000)).astype(np.float32)


def test_frames_come_every_10_ms_and_twice_40_bands_energy_f0_voicing(encoder: LogMel) -> None:
    prepared = encoder.prepare(tone(200, 16_000), np.full(201, 200.0))
    assert prepared.shape == (101, 86)
    assert prepared.dtype == torch.float32
    np.testing.assert_allclose(prepared[:, 41], np.log(200.0), rtol=1e-6)
    assert (prepared[:, 42] == 1).all()


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
    log_f0, voicing = pitch_tracks(f0_hz, 7)
    np.testing.assert_allclose(np.exp(log_f0), 100 * 4.0 ** np.array([0, 0, 1 / 3, 2 / 3, 1, 1, 1]), rtol=1e-9)
    assert voicing.tolist() == [0, 1, 0, 0, 1, 0, 0]


def test_without_voice_and_without_sound_the_input_is_finite(encoder: LogMel) -> None:
    for n in (1, 100, 8000):
        prepared = encoder.prepare(np.zeros(n, np.float32), np.zeros(1 + n // 80))
        assert prepared.shape[0] == 1 + n // 160
        assert prepared.isfinite().all()


def test_deltas_are_the_slope_of_a_line() -> None:
    line = np.outer(np.arange(10), [1.0, -2.0])
    np.testing.assert_allclose(deltas(line)[2:-2], [[1.0, -2.0]] * 6)


def test_fit_normalises_training_frames_and_travels_in_the_state(encoder: LogMel) -> None:
    rng = np.random.default_rng(0)
    prepared = [torch.from_numpy(rng.normal(5, 3, (n, 86)).astype(np.float32)) for n in (30, 50)]
    encoder.fit(iter(prepared))
    frames = torch.cat(prepared)
    torch.testing.assert_close(encoder.mean, frames.mean(0), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(encoder.sd, frames.std(0, unbiased=False), rtol=1e-5, atol=1e-5)
    assert {"mean", "sd"} <= set(encoder.state_dict())


def test_a_feature_that_never_varies_is_not_blown_up(encoder: LogMel) -> None:
    encoder.fit([torch.zeros(20, 86)])
    assert (encoder.sd >= 1e-4).all()


def test_frames_are_20_ms_and_their_number_is_rounded_up(encoder: LogMel) -> None:
    frames, valid = encoder(torch.randn(3, 9, 86), torch.tensor([9, 4, 1]))
    assert frames.shape == (3, 5, 8)
    assert valid.sum(dim=1).tolist() == [5, 2, 1]
    assert not frames[~valid].any()


def test_missing_f0_is_told(encoder: LogMel) -> None:
    with pytest.raises(ValueError, match="logmel reads F0"):
        encoder.prepare(np.zeros(400, np.float32), None)
