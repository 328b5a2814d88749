"""Noise: its ratio to the speech, its colour, and stretches of files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from msftk import testing
from msftk.errors import InputError
from msftk.interfaces import Sound
from msftk.registry import registry
from msftk.settings import load_settings

SPEECH = (0.1 * np.sin(np.arange(32_000) / 20)).astype(np.float32)


def noise_in(random: np.random.Generator, **options: object) -> np.ndarray:
    transform = registry().create("transform", "noise", options)
    return np.asarray(transform(Sound(SPEECH), random).waveform, np.float64) - SPEECH


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two noises, one of them short and at another rate, and a file that is no sound."""
    random = np.random.default_rng(0)
    (tmp_path / "deep").mkdir()
    soundfile.write(tmp_path / "deep" / "long.wav", random.uniform(-0.5, 0.5, 60_000), 16_000)
    soundfile.write(tmp_path / "short.flac", random.uniform(-0.5, 0.5, 800), 8_000)
    (tmp_path / "LICENSE").write_text("free")
    return tmp_path


def test_it_keeps_the_contract_of_its_kind(folder: Path) -> None:
    for options in ({}, {"colour": "pink"}, {"folder": str(folder)}):
        testing.check_transform("noise", **options)


@pytest.mark.parametrize("colour", ["white", "pink"])
def test_the_ratio_of_mean_powers_is_the_one_drawn(colour: str) -> None:
    for wanted_db in (-10.0, 0.0, 30.0):
        noise = noise_in(np.random.default_rng(1), snr_db=(wanted_db, wanted_db), colour=colour)
        found_db = 10 * np.log10(np.square(SPEECH, dtype=np.float64).mean() / np.square(noise).mean())
        assert found_db == pytest.approx(wanted_db, abs=0.01)


def test_ratios_are_spread_over_the_range() -> None:
    powers = [np.square(noise_in(np.random.default_rng(k), snr_db=(0, 20))).mean() for k in range(200)]
    found_db = 10 * np.log10(np.square(SPEECH, dtype=np.float64).mean() / np.array(powers))
    assert (found_db.min(), found_db.max()) == (pytest.approx(0, abs=0.5), pytest.approx(20, abs=0.5))
    assert found_db.mean() == pytest.approx(10, abs=1.5)


def test_white_noise_is_flat_and_pink_falls_by_3_db_an_octave() -> None:
    for colour, expected in (("white", 0.0), ("pink", -3.01)):
        power = np.abs(np.fft.rfft(noise_in(np.random.default_rng(2), snr_db=(0, 0), colour=colour))) ** 2
        octaves = [np.log2(power[k : 2 * k].mean()) * 3.0103 for k in 2 ** np.arange(7, 14)]
        slope = np.polyfit(np.arange(7), octaves, 1)[0]
        assert slope == pytest.approx(expected, abs=0.3)


def test_noise_of_a_folder_is_a_stretch_of_one_of_its_files(folder: Path) -> None:
    long, _ = soundfile.read(folder / "deep" / "long.wav")
    whole = [noise_in(np.random.default_rng(seed), snr_db=(0, 0), folder=str(folder)) for seed in range(12)]
    places = [np.correlate(long, one[:4000], "valid") for one in whole]
    peaks = [np.abs(place).max() / np.median(np.abs(place)) for place in places]
    assert min(peaks) < 10 < 50 < max(peaks)  # both files are drawn
    starts = {int(np.abs(place).argmax()) for place, peak in zip(places, peaks, strict=True) if peak > 50}
    assert len(starts) > 2
    short = [one for one, peak in zip(whole, peaks, strict=True) if peak < 10]
    np.testing.assert_allclose(short[0][:1600], short[0][1600:3200], atol=1e-6)  # 0.1 s, again and again


def test_it_says_which_files_it_read(folder: Path) -> None:
    def told() -> Mapping[str, str]:
        return dict(registry().create("transform", "noise", {"folder": str(folder)}).identity())

    before = told()
    assert before["files"] == "2"
    assert told() == before
    (folder / "short.flac").rename(folder / "other.flac")
    assert told() != before
    assert registry().create("transform", "noise").identity() == {}


def test_what_is_no_folder_of_sounds_is_told_before_anything_is_heard(tmp_path: Path) -> None:
    def built(folder: Path) -> None:
        registry().create("transform", "noise", {"folder": str(folder)})

    with pytest.raises(InputError, match=r"none: no such folder"):
        built(tmp_path / "none")
    (tmp_path / "readme.txt").write_text("noise")
    with pytest.raises(InputError, match=r"no audio found \(looked for \.wav.*; found 1 other file\)"):
        built(tmp_path)
    (tmp_path / "broken.wav").write_text("noise")
    with pytest.raises(InputError, match=r"broken\.wav: cannot be decoded"):
        built(tmp_path)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("snr_db=[20,5]", r"transforms\.noise\.snr_db is \[20, 5\]: expected the lower end first"),
        ("snr_db=[nan,5]", r"transforms\.noise\.snr_db\.0 is nan: Input should be a finite number"),
        ("snr_db=5", r"transforms\.noise\.snr_db is 5: Input should be a valid tuple"),
        ("probability=2", r"transforms\.noise\.probability is 2: Input should be less than or equal to 1"),
        ("snrdb=[5,20]", r"unknown option 'transforms\.noise\.snrdb'\. Did you mean 'snr_db'\?"),
    ],
)
def test_wrong_options_are_told_by_their_path(given: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_settings(assignments=[f'transforms=["level",{{name="noise",{given}}}]'], environment={})
