from __future__ import annotations

import numpy as np
import pytest
import torch

from msftk_plugins.acoustic.logmel import LogMel
from msftk_plugins.front_ends.logmel import MARGIN


@pytest.fixture
def encoder() -> LogMel:
    torch.manual_seed(0)
    return LogMel(LogMel.Options(bands=40, channels=8)).eval()


def tone(hz: float, n: int) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(n) / 16_000)).astype(np.float32)


def test_frames_come_every_10_ms_and_twice_40_bands_energy_f0_voicing(encoder: LogMel) -> None:
    prepared = torch.as_tensor(encoder.prepare(tone(200, 16_000), np.full(201, 200.0)))
    assert prepared.shape == (101, 86)
    assert prepared.dtype == torch.float32
    np.testing.assert_allclose(prepared[:, 41], np.log(200.0), rtol=1e-6)
    assert (prepared[:, 42] == 1).all()


def test_without_voice_and_without_sound_the_input_is_finite(encoder: LogMel) -> None:
    for n in (1, 100, 8000):
        prepared = torch.as_tensor(encoder.prepare(np.zeros(n, np.float32), np.zeros(1 + n // 80)))
        assert prepared.shape[0] == 1 + n // 160
        assert prepared.isfinite().all()


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
    assert frames.shape == (3, 5, encoder.dim) == (3, 5, 8)
    assert valid.sum(dim=1).tolist() == [5, 2, 1]
    assert not frames[~valid].any()


def test_missing_f0_is_told(encoder: LogMel) -> None:
    with pytest.raises(ValueError, match="reads F0"):
        encoder.prepare(np.zeros(400, np.float32), None)


def silence_tone_silence(before: int, after: int) -> np.ndarray:
    return np.concatenate([np.zeros(before, np.float32), tone(200, 8000), np.zeros(after, np.float32)])


def test_silence_before_and_after_the_speech_is_cut_off(encoder: LogMel) -> None:
    prepared = encoder.prepare(silence_tone_silence(16_000, 8000), np.zeros(401))
    # the window of 25 ms hears the tone (frames 100 to 150) one frame early and late
    assert len(prepared) == 51 + 2 * 1 + 2 * MARGIN
    everything = LogMel(LogMel.Options(trim_db=1000)).prepare(silence_tone_silence(16_000, 8000), np.zeros(401))
    assert len(everything) == 201


def test_more_silence_changes_nothing(encoder: LogMel) -> None:
    few, many = (encoder.prepare(silence_tone_silence(n, n), np.zeros(101 + n // 40)) for n in (8000, 16_000))
    torch.testing.assert_close(few, many)
