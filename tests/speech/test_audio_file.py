from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from msftk.errors import InputError
from msftk.speech.audio import is_far_beyond_full_scale, load_audio, resample
from msftk.speech.audio_file import AUDIO_SUFFIXES, audio_facts

CASES = Path(__file__).parents[1] / "fixtures" / "cases"
TONE = 0.1 * np.sin(np.arange(48_000) / 10)
BOTH = pytest.mark.parametrize("read", [audio_facts, load_audio])


def header_says(path: Path, at: int, number: int) -> Path:
    """Writes a WAV whose header holds `number` at this byte."""
    soundfile.write(path, TONE[:16_000], 16_000)
    raw = bytearray(path.read_bytes())
    raw[at : at + 4] = struct.pack("<I", number)
    path.write_bytes(raw)
    return path


@BOTH
@pytest.mark.parametrize("rate_hz", [1, 999, 400_001, 9_999_991, 100_000_007])
def test_rate_that_no_sound_has_is_refused_at_once(tmp_path: Path, rate_hz: int, read: object) -> None:
    path = header_says(tmp_path / "odd.wav", 24, rate_hz)
    begin = time.perf_counter()
    with pytest.raises(
        InputError, match=rf"odd\.wav: a sample rate of {rate_hz} Hz, expected 1000 to 400000\. Correct"
    ):
        read(path)  # type: ignore[operator]
    assert time.perf_counter() - begin < 1


def test_rate_without_a_divisor_is_resampled_as_fast_as_others() -> None:
    begin = time.perf_counter()
    seconds = np.arange(399_989) / 399_989
    found = resample(np.sin(2 * np.pi * 440 * seconds).astype(np.float32), 399_989)
    assert time.perf_counter() - begin < 2
    expected = np.sin(2 * np.pi * 440 * np.arange(len(found)) / 16_000)
    np.testing.assert_allclose(found[800:-800], expected[800:-800], atol=2e-3)


@BOTH
def test_too_many_channels_are_refused(tmp_path: Path, read: object) -> None:
    path = tmp_path / "many.wav"
    soundfile.write(path, np.zeros((100, 65)), 16_000)
    with pytest.raises(InputError, match=r"many\.wav: 65 channels, expected at most 64\. Export those with speech\."):
        read(path)  # type: ignore[operator]


def test_flac_without_a_length_is_read_to_its_end() -> None:
    path = CASES / "unknown-length.flac"
    assert audio_facts(path).duration_s == pytest.approx(10_061 / 16_000)
    whole = load_audio(path)
    assert len(whole) == 10_061
    np.testing.assert_array_equal(load_audio(path, 0.25, 0.5), whole[4_000:8_000])
    assert len(load_audio(path, max_s=0.1)) == 1_600


@BOTH
def test_flac_that_claims_days_is_refused_before_anything_is_allocated(tmp_path: Path, read: object) -> None:
    path = tmp_path / "days.flac"
    soundfile.write(path, TONE, 16_000)
    raw = bytearray(path.read_bytes())
    raw[21] |= 0x0F  # bits 35 to 32 of its samples
    path.write_bytes(raw)
    with pytest.raises(InputError, match=r"days\.flac: 1\d+ hours, expected at most 24 hours\."):
        read(path)  # type: ignore[operator]


@BOTH
@pytest.mark.parametrize("ending", ["wav", "mp3", "flac"])
def test_an_empty_file_is_called_empty(tmp_path: Path, ending: str, read: object) -> None:
    (tmp_path / f"a.{ending}").touch()
    with pytest.raises(InputError, match=rf"a\.{ending}: an empty file\. Copy it again"):
        read(tmp_path / f"a.{ending}")  # type: ignore[operator]


@BOTH
def test_git_lfs_pointer_says_how_to_fetch_it(tmp_path: Path, read: object) -> None:
    path = tmp_path / "a.wav"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 72862\n")
    with pytest.raises(InputError, match=r"a\.wav: a Git LFS pointer, not audio\. Fetch the audio: git lfs pull\."):
        read(path)  # type: ignore[operator]


@BOTH
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone.wav", "no such file"),
        (".", "a folder, not an audio file"),
        ("pipe.wav", "no regular file, not an audio file"),
        ("n" * 300, "cannot be read (File name too long)"),
        ("a\0.wav", "cannot be read (embedded null byte)"),
        (os.fsdecode(b"caf\xe9.wav"), "no such file"),
    ],
)
def test_what_cannot_be_opened_is_an_input_error(tmp_path: Path, name: str, said: str, read: object) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(InputError) as refused:
        read(tmp_path / name)  # type: ignore[operator]
    assert f": {said}" in str(refused.value)


def test_endings_are_those_that_can_be_decoded() -> None:
    assert {".wav", ".flac", ".mp3", ".ogg", ".opus", ".aiff", ".au", ".sph"} <= set(AUDIO_SUFFIXES)


def test_sound_far_beyond_full_scale_is_told_from_loud_sound() -> None:
    loud = np.float32([0.1, -3.0])
    assert not is_far_beyond_full_scale(loud)
    assert is_far_beyond_full_scale(loud * 32_768)
    assert not is_far_beyond_full_scale(loud[:0])


def test_a_name_that_is_not_utf8_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.flac")
    path.write_bytes((CASES / "unknown-length.flac").read_bytes())
    assert len(load_audio(path)) == 10_061
