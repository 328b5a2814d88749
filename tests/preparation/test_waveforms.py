"""Waveforms in the store: the very samples that decoding gives, from then on without the file."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from msftk.errors import InputError
from msftk.files import sha256_file
from msftk.preparation.f0 import audio_key
from msftk.preparation.waveforms import StoredWaveforms, as_exact, as_float32, stored_waveforms, told_size
from msftk.speech.audio import load_utterance
from msftk.store.features import Store
from msftk.store.memory import MemoryStore
from msftk.types import AudioStamp, Utterance

HOUR_S = 3600.0


def recorded(path: Path, rate_hz: int = 16_000, channels: int = 1, subtype: str = "PCM_16", seed: int = 0) -> Utterance:
    noise = np.random.default_rng(seed).normal(0, 0.3, (rate_hz // 2, channels)).clip(-1, 1)
    soundfile.write(path, noise, rate_hz, subtype=subtype)
    return Utterance(path.stem, path)


@pytest.mark.parametrize(
    ("name", "rate_hz", "channels", "subtype", "kept_as"),
    [
        ("a.wav", 16_000, 1, "PCM_16", np.int16),
        ("a.flac", 16_000, 1, "PCM_16", np.int16),
        ("a.wav", 16_000, 1, "PCM_U8", np.int16),
        ("a.wav", 16_000, 2, "PCM_16", np.float32),  # a mean of two has half steps
        ("a.wav", 16_000, 1, "PCM_24", np.float32),
        ("a.wav", 16_000, 1, "FLOAT", np.float32),
        ("a.wav", 44_100, 1, "PCM_16", np.float32),
    ],
)
def test_what_is_stored_is_what_is_decoded_to_the_last_bit(
    tmp_path: Path, name: str, rate_hz: int, channels: int, subtype: str, kept_as: type
) -> None:
    utterance = recorded(tmp_path / name, rate_hz, channels, subtype)
    waveforms = StoredWaveforms(Store(tmp_path / "store"), seconds_kept=0.3)
    decoded = load_utterance(utterance, 0.3)
    for _ in range(2):  # put there, then out of it
        found = waveforms.load(utterance)
        assert found.dtype == np.float32
        assert found.tobytes() == decoded.tobytes()
    (key,) = waveforms.shelf.keys()
    stored = waveforms.shelf.get(key)
    assert stored is not None
    assert stored["samples"].dtype == kept_as


@given(arrays(np.float32, 20, elements=st.floats(-2, 2, width=32)))
def test_any_samples_come_back_as_they_were(samples: np.ndarray) -> None:
    assert as_float32(as_exact(samples)).tobytes() == samples.tobytes()


@given(arrays(np.int16, 20))
def test_all_of_16_bits_stay_16_bits(samples: np.ndarray) -> None:
    kept = as_exact(samples.astype(np.float32) / 32768)
    assert kept.dtype == np.int16
    assert np.array_equal(kept, samples)


def test_a_later_run_needs_no_file_and_sees_an_edited_one(tmp_path: Path) -> None:
    utterance = recorded(tmp_path / "a.wav")
    before = StoredWaveforms(Store(tmp_path / "store"), 10.0).load(utterance)
    edited = recorded(tmp_path / "a.wav", seed=1)
    after = StoredWaveforms(Store(tmp_path / "store"), 10.0).load(edited)
    assert not np.array_equal(before, after)
    stamp = AudioStamp.of(tmp_path / "a.wav")
    known = Utterance("a", edited.audio, audio_sha256=sha256_file(tmp_path / "a.wav"), audio_stamp=stamp)
    (tmp_path / "a.wav").unlink()
    assert np.array_equal(StoredWaveforms(Store(tmp_path / "store"), 10.0).load(known), after)


def test_other_seconds_are_other_waveforms(tmp_path: Path) -> None:
    utterance, store = recorded(tmp_path / "a.wav"), Store(tmp_path / "store")
    assert [len(StoredWaveforms(store, s).load(utterance)) for s in (0.1, 0.2, 9.0)] == [1600, 3200, 8000]


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may become larger than 40 kB, as if the disk were full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_keeps_what_is_there_and_the_rest_is_decoded(tmp_path: Path, small_disk: None) -> None:
    several = [recorded(tmp_path / f"{seed}.wav", seed=seed) for seed in range(4)]
    waveforms = StoredWaveforms(Store(tmp_path / "store"), 10.0)
    for utterance in several:
        assert np.array_equal(waveforms.load(utterance), load_utterance(utterance))
    assert waveforms.full is not None
    assert "no room for more waveforms (File too large). The 2 that lie there are used, all others" in waveforms.full
    assert "--store, or choose --set data.waveforms=decoded" in waveforms.full
    (shard,) = waveforms.shelf.folder.glob("*.shard")
    assert shard.stat().st_size < 33_000  # the part of the third that was written is given back
    again = StoredWaveforms(Store(tmp_path / "store"), 10.0)
    assert len(again.shelf) == 2
    assert np.array_equal(again.load(several[3]), load_utterance(several[3]))


def test_the_last_gigabyte_is_left_to_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msftk.preparation.waveforms.LEFT_FREE", shutil.disk_usage(tmp_path).free + 10**10)
    utterance, waveforms = recorded(tmp_path / "a.wav"), StoredWaveforms(Store(tmp_path / "store"), 10.0)
    assert np.array_equal(waveforms.load(utterance), load_utterance(utterance))
    assert waveforms.full is not None
    assert "GB are free). The 0 that lie there are used" in waveforms.full
    assert len(waveforms.shelf) == 0
    with pytest.raises(InputError, match="Make room"):
        kept("stored", [10.0], Store(tmp_path), 12.0)


def kept(choice: str, durations_s: Sequence[float | None], store: Store, seconds_kept: float, memory_bytes: float = 0):
    """`stored_waveforms` of recordings that are all different."""
    sounds = np.array([bytes([1, place % 256, place // 256]) for place in range(len(durations_s))], "S32")
    return stored_waveforms(choice, sounds, durations_s, store, seconds_kept, lambda s: 64_000 * s <= memory_bytes)  # type: ignore[arg-type]


def test_auto_stores_what_memory_does_not_hold_and_half_of_the_free_disk_does(tmp_path: Path) -> None:
    store, free = Store(tmp_path), shutil.disk_usage(tmp_path).free
    hour = [12.0] * 300
    assert kept("auto", hour, store, 12.0, memory_bytes=2**30) is None
    stored = kept("auto", hour, store, 12.0, memory_bytes=2**20)
    assert stored is not None
    assert stored.note.startswith("waveforms: 1 h are 0.115 GB as 16-bit samples, ")
    far_too_long = [free / 32_000 * 0.6]
    assert kept("auto", far_too_long, store, free, memory_bytes=2**20) is None
    assert kept("auto", hour, MemoryStore(), 12.0, memory_bytes=2**20) is None


def test_lengths_count_up_to_the_seconds_kept_and_unknown_ones_as_these(tmp_path: Path) -> None:
    waveforms = kept("stored", [100.0, 2.0, None], Store(tmp_path), 4.0, 2**40)
    assert waveforms is not None
    assert f"{10 / 3600:.3g} h" in waveforms.note


def test_324_hours_are_37_gigabytes() -> None:
    assert told_size(324 * HOUR_S) == "324 h are 37.3 GB"


def test_too_little_room_is_refused_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1e\+07 h are 1.15e\+06 GB .* GB are free at .*data.waveforms=decoded"):
        kept("stored", [1e7 * HOUR_S], Store(tmp_path), 1e12, 2**30)


def test_what_several_share_counts_once_and_what_is_there_needs_no_room_and_no_word(tmp_path: Path) -> None:
    utterance, store = recorded(tmp_path / "a.wav"), Store(tmp_path / "store")
    sounds, durations_s = np.array([bytes.fromhex(audio_key(utterance))] * 8, "S32"), [HOUR_S] * 8
    before = stored_waveforms("stored", sounds, durations_s, store, HOUR_S, lambda _: True)
    assert before is not None
    assert before.note.startswith("waveforms: 1 h are")
    StoredWaveforms(store, HOUR_S).load(utterance)
    after = stored_waveforms("stored", sounds, durations_s, store, HOUR_S, lambda _: True)
    assert after is not None
    assert after.note == ""


def test_decoded_stores_nothing(tmp_path: Path) -> None:
    assert kept("decoded", [1e9], Store(tmp_path), 12.0, 0) is None
