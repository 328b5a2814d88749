from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from msftk.errors import InputError
from msftk.speech.audio import load_audio
from msftk.speech.audio_file import audio_facts

TONE = 0.1 * np.sin(np.arange(48_000) / 10) + np.random.default_rng(0).normal(0, 0.05, 48_000)
BOTH = pytest.mark.parametrize("read", [audio_facts, load_audio])


@BOTH
@pytest.mark.parametrize("left", [1 / 3, 0.9])
@pytest.mark.parametrize(
    "ending", ["wav", "aiff", "au", "flac", "mp3", "w64", "rf64", "nist", "caf", "sds", "voc", "ogg", "opus"]
)
def test_audio_cut_off_is_named(tmp_path: Path, ending: str, left: float, read: object) -> None:
    path = tmp_path / f"cut.{ending}"
    form = {"format": "OGG", "subtype": "OPUS"} if ending == "opus" else {"format": ending}
    soundfile.write(path, TONE, 16_000, **form)
    assert audio_facts(path).duration_s == 3
    path.write_bytes(path.read_bytes()[: round(path.stat().st_size * left)])
    promised = r"its header promises (3\.00|2\.99) s"
    said = rf"cut\.{ending}: (cut off: ({promised}|[012]\.\d\d s are there, and a torn part)|cannot be decoded)"
    with pytest.raises(InputError, match=said):
        read(path)  # type: ignore[operator]


@pytest.mark.parametrize("promised", [0x7FFFF000, 0xFFFFFFFF])
def test_wav_written_to_a_pipe_is_whole(tmp_path: Path, promised: int) -> None:
    path = tmp_path / "piped.wav"
    soundfile.write(path, TONE[:16_000], 16_000)
    raw = bytearray(path.read_bytes())
    raw[40:44] = struct.pack("<I", promised)
    path.write_bytes(raw)
    assert audio_facts(path).duration_s == 1
