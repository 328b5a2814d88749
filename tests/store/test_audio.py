"""An audio file is known by what is in it now."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk.files import sha256_file
from msftk.store.audio import audio_sha256
from msftk.types import AudioStamp


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    (tmp_path / "a.wav").write_bytes(b"first sound")
    return tmp_path / "a.wav"


def test_a_file_that_looks_as_it_did_is_not_hashed_again(audio: Path) -> None:
    assert audio_sha256(audio, "known", AudioStamp.of(audio)) == "known"


def test_an_edited_file_is_known_by_its_new_content(audio: Path) -> None:
    stamp, before = AudioStamp.of(audio), sha256_file(audio)
    audio.write_bytes(b"other sound")
    os.utime(audio, ns=(0, stamp.mtime_ns + 1))
    assert audio_sha256(audio, before, stamp) == sha256_file(audio) != before


def test_a_touched_file_is_still_the_same(audio: Path) -> None:
    stamp, before = AudioStamp.of(audio), sha256_file(audio)
    os.utime(audio, ns=(0, stamp.mtime_ns + 1))
    assert audio_sha256(audio, before, stamp) == before


def test_a_file_that_is_gone_is_taken_as_it_was(audio: Path) -> None:
    stamp = AudioStamp.of(audio)
    audio.unlink()
    assert audio_sha256(audio, "known", stamp) == "known"
    with pytest.raises(InputError, match=r"a\.wav: cannot be read"):
        audio_sha256(audio)


def test_what_nobody_stamped_is_believed_and_what_nobody_hashed_is_hashed(audio: Path) -> None:
    assert audio_sha256(audio, "known") == "known"
    assert audio_sha256(audio) == sha256_file(audio)
