from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.fft import dct

from msftk_plugins.acoustic.summary import CEPSTRA, N_FUNCTIONALS, cosines, functionals
from msftk_plugins.acoustic.tracks import Tracks

N_SPEECH = 60
LOG_F0, ENERGY, RHYTHM = 2 * CEPSTRA, 2 * CEPSTRA + 10, 2 * CEPSTRA + 19


@pytest.fixture
def tracks() -> Tracks:
    """60 frames of speech, of which 0-19 and 30-49 are voiced, with one silent frame in the middle."""
    rng = np.random.default_rng(0)
    energy = rng.normal(0, 0.5, N_SPEECH)
    energy[25] = -30
    f0_hz = np.zeros(N_SPEECH)
    f0_hz[:20], f0_hz[30:50] = 200, 100
    return Tracks(rng.normal(size=(N_SPEECH, 40)), energy, rng.normal(size=N_SPEECH), f0_hz)


def test_silence_around_the_speech_changes_nothing(tracks: Tracks) -> None:
    def padded(track: np.ndarray, quiet: float) -> np.ndarray:
        return np.pad(track, [(9, 5), (0, 0)][: track.ndim], constant_values=quiet)

    longer = Tracks(
        padded(tracks.log_mel, -20), padded(tracks.log_energy, -20), padded(tracks.tilt, 0), padded(tracks.f0_hz, 90)
    )
    expected = functionals(tracks)
    assert expected.shape == (N_FUNCTIONALS,)
    np.testing.assert_allclose(functionals(longer), expected, rtol=1e-12)


def test_cepstra_are_mean_and_sd_of_the_cosine_transform_of_speech(tracks: Tracks) -> None:
    speech = tracks.log_energy > -20
    cepstra = dct(tracks.log_mel, axis=1)[speech, :CEPSTRA] / 2 * np.sqrt(2 / 40)
    np.testing.assert_allclose(functionals(tracks)[:CEPSTRA], cepstra.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(functionals(tracks)[CEPSTRA : 2 * CEPSTRA], cepstra.std(axis=0), rtol=1e-9)


def test_fewer_bands_than_cepstra_leave_the_rest_zero() -> None:
    assert not cosines(4)[4:].any()
    assert cosines(4)[:4].any(axis=1).all()


def test_pitch_is_told_over_voiced_speech(tracks: Tracks) -> None:
    found = functionals(tracks)[LOG_F0:ENERGY]
    low, high = np.log([100.0, 200.0])
    middle = (low + high) / 2
    np.testing.assert_allclose(found[:7], [middle, (high - low) / 2, low, low, middle, high, high])
    np.testing.assert_allclose(found[7], (high - low) / 39)  # one step in 39
    np.testing.assert_allclose(found[9], low - high)  # the last third less the first


def test_an_octave_up_moves_the_level_of_pitch_and_not_its_range(tracks: Tracks) -> None:
    up = functionals(replace(tracks, f0_hz=2 * tracks.f0_hz)) - functionals(tracks)
    np.testing.assert_allclose(up[LOG_F0:ENERGY], np.log(2) * np.array([1, 0, 1, 1, 1, 1, 1, 0, 0, 0]), atol=1e-12)


def test_rhythm_counts_seconds_of_speech_and_voiced_stretches(tracks: Tracks) -> None:
    found = functionals(tracks)[RHYTHM : RHYTHM + 5]
    np.testing.assert_allclose(found, [0.59, 40 / 59, 2 / 0.59, 0.2, 0.0], atol=1e-12)


def test_without_voice_or_with_one_frame_all_are_finite(tracks: Tracks) -> None:
    assert np.isfinite(functionals(replace(tracks, f0_hz=np.zeros(N_SPEECH)))).all()
    assert np.isfinite(functionals(Tracks(*(track[:1] for track in vars(tracks).values())))).all()
