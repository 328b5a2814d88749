from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from msftk.errors import InputError
from msftk.speech.audio import check_waveform, load_audio, resample
from msftk.speech.audio_file import audio_facts
from msftk.types import SAMPLE_RATE_HZ

EDGE = 400  # samples at 16 kHz near the ends, where a filter has only one side


def sweep(seconds: float, rate_hz: int) -> np.ndarray:
    """A tone that rises from 200 to 1800 Hz, so that a shift in time shows."""
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    return (0.4 * np.sin(2 * np.pi * (200 * time_s + 400 * time_s**2))).astype(np.float32)


@pytest.mark.parametrize(
    ("suffix", "tolerance"),
    [("wav", 1e-3), ("flac", 1e-3), ("ogg", 0.05), ("mp3", 0.05)],  # ogg and mp3 are lossy
)
@pytest.mark.parametrize("rate_hz", [44_100, 16_000, 22_050])
def test_every_format_and_rate_gives_mono_at_16_khz(
    tmp_path: Path, suffix: str, tolerance: float, rate_hz: int
) -> None:
    path = tmp_path / f"a.{suffix}"
    tone = sweep(2.0, rate_hz)
    soundfile.write(path, np.stack([1.5 * tone, 0.5 * tone], axis=1), rate_hz)  # their mean is the tone
    waveform = load_audio(path)
    assert waveform.dtype == np.float32
    assert waveform.shape == (2 * SAMPLE_RATE_HZ,)
    expected = sweep(2.0, SAMPLE_RATE_HZ)
    np.testing.assert_allclose(waveform[EDGE:-EDGE], expected[EDGE:-EDGE], atol=tolerance)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_segment_equals_that_part_of_the_whole_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, sweep(3.0, 16_000), 16_000)
    whole = load_audio(path)
    segment = load_audio(path, start_s=1.25, end_s=2.0)
    np.testing.assert_allclose(segment, whole[20_000:32_000], atol=2e-4)


def test_segment_is_read_without_the_rest_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.tile(sweep(1.0, 16_000), 60), 16_000)
    n_read = []
    read = soundfile.SoundFile.read

    def counting(self: soundfile.SoundFile, frames: int = -1, **rest: object) -> np.ndarray:
        n_read.append(frames)
        return read(self, frames, **rest)

    monkeypatch.setattr(soundfile.SoundFile, "read", counting)
    load_audio(path, start_s=30.0, end_s=31.0)
    load_audio(path, max_s=2.0)
    assert n_read == [16_000, 32_000]


def test_max_s_keeps_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, sweep(2.0, 16_000), 16_000)
    np.testing.assert_array_equal(load_audio(path, max_s=0.5), load_audio(path)[:8_000])
    np.testing.assert_array_equal(load_audio(path, 1.0, 2.0, max_s=0.25), load_audio(path)[16_000:20_000])


def test_audio_facts_come_from_the_header(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros((11_025, 2)), 22_050)
    facts = audio_facts(path)
    assert (facts.duration_s, facts.sample_rate_hz, facts.channels) == (0.5, 22_050, 2)


def test_resampling_at_the_same_rate_is_the_same_array() -> None:
    tone = sweep(0.1, 16_000)
    assert resample(tone, 16_000) is tone


@pytest.mark.parametrize("rate_hz", [48_000, 44_100, 22_050])
@pytest.mark.parametrize("tone_hz", [8_100, 8_500, 10_500])
def test_what_16_khz_cannot_hold_is_not_heard_as_something_else(rate_hz: int, tone_hz: int) -> None:
    tone = np.sin(2 * np.pi * tone_hz * np.arange(rate_hz) / rate_hz).astype(np.float32)
    alias = resample(tone, rate_hz)[EDGE:-EDGE]
    assert 20 * np.log10(np.sqrt(2 * np.mean(alias.astype(np.float64) ** 2))) < -120


@pytest.mark.parametrize("rate_hz", [48_000, 44_100, 22_050])
def test_speech_to_7_khz_keeps_its_level_in_another_rate(rate_hz: int) -> None:
    tone = np.sin(2 * np.pi * 7_000 * np.arange(rate_hz) / rate_hz).astype(np.float32)
    assert 20 * np.log10(np.abs(resample(tone, rate_hz)[EDGE:-EDGE]).max()) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("rate_hz", [1_000, 8_000, 11_025, 22_050, 44_100, 48_000, 399_989, 400_000])
def test_resampled_length_is_rounded_up_for_any_number_of_samples(rate_hz: int) -> None:
    for n_samples in (*range(2, 40), rate_hz, rate_hz + 1, rate_hz + 7):
        assert len(resample(np.ones(n_samples, np.float32), rate_hz)) == -(-n_samples * SAMPLE_RATE_HZ // rate_hz)


def test_missing_file_and_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.wav: no such file\. Check the path of the audio\."):
        load_audio(tmp_path / "gone.wav")
    with pytest.raises(InputError, match=r"a folder, not an audio file\. Check the path"):
        load_audio(tmp_path)


@pytest.mark.parametrize("name", ["notes.wav", "headerless.raw"])
def test_undecodable_file_names_formats_that_would_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("not sound")
    with pytest.raises(InputError, match=rf"{name}: cannot be decoded \(.+\)\. Convert it to WAV, FLAC, OGG or MP3\."):
        load_audio(tmp_path / name)


@pytest.mark.parametrize(("n", "found"), [(0, "no samples"), (1, "1 sample")])
def test_empty_and_one_sample_audio_is_refused(tmp_path: Path, n: int, found: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(n), 16_000)
    for read in (load_audio, audio_facts):
        with pytest.raises(InputError, match=rf"a\.wav: {found}, expected speech\. Record or export the audio again\."):
            read(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_sample_that_is_not_finite_is_named(tmp_path: Path, bad: float) -> None:
    path = tmp_path / "a.wav"
    samples = np.zeros(100)
    samples[42] = bad
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    with pytest.raises(InputError, match=rf"a\.wav: sample 42 is {bad}, expected finite numbers\. Export the audio"):
        load_audio(path)


@pytest.mark.parametrize(("start_s", "end_s"), [(0.5, 1.2), (1.5, None), (0.6, 0.4), (-0.1, 0.5), (0.3, 0.3)])
def test_segment_outside_the_file_is_refused(tmp_path: Path, start_s: float, end_s: float | None) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(16_000), 16_000)
    with pytest.raises(InputError, match=r"a\.wav: segment .+ s, expected a start before the end, both within 0 to 1"):
        load_audio(path, start_s, end_s)


def test_segment_end_rounded_past_the_file_is_forgiven(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(16_000), 16_000)
    assert len(load_audio(path, 0.5, 1.01)) == 8_000


def test_check_waveform_wants_one_channel() -> None:
    check_waveform(np.zeros(2, np.float32), "a")
    with pytest.raises(InputError, match=r"a: waveform of shape \(2, 5\), expected \[samples\]\. Fold its channels"):
        check_waveform(np.zeros((2, 5), np.float32), "a")
