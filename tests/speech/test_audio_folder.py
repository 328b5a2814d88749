from __future__ import annotations

from pathlib import Path

import pytest

from msftk.errors import InputError
from msftk.speech.audio_folder import audio_under


def test_audio_of_any_depth_is_found_in_order_and_leavings_are_not(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("c.wav", "._c.wav", "notes.txt", "b/a.FLAC"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in audio_under(tmp_path, "")] == ["a.FLAC", "c.wav"]


def test_a_folder_without_any_is_told(tmp_path: Path) -> None:
    for name in ("._c.wav", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=r"no audio found \(looked for \.wav, .*; found 1 other file\)\. Name another"):
        list(audio_under(tmp_path, "Name another folder."))
