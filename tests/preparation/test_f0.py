"""F0 in the store belongs to the sound that a file holds now."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from msftk.files import sha256_file
from msftk.preparation.f0 import audio_key
from msftk.types import AudioStamp, Utterance


def test_an_edited_recording_gets_a_key_of_its_own_and_an_untouched_one_keeps_its(tmp_path: Path) -> None:
    audio = tmp_path / "a.wav"
    audio.write_bytes(b"first sound")
    stamp = AudioStamp.of(audio)
    prepared = Utterance("a", audio, audio_sha256=sha256_file(audio), audio_stamp=stamp)
    before = audio_key(prepared)
    assert before == audio_key(replace(prepared, audio_stamp=None)) == audio_key(Utterance("b", audio))
    audio.write_bytes(b"other sound")
    os.utime(audio, ns=(0, stamp.mtime_ns + 1))
    assert audio_key(prepared) == audio_key(Utterance("b", audio)) != before


def test_another_part_of_a_recording_is_another_sound(tmp_path: Path) -> None:
    audio = tmp_path / "a.wav"
    audio.write_bytes(b"sound")
    whole = Utterance("a", audio)
    keys = {audio_key(one) for one in (whole, replace(whole, start_s=1.0), replace(whole, end_s=2.0))}
    assert len(keys | {audio_key(replace(whole, channel=0))}) == 4
