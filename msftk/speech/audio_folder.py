"""The audio files of a folder, without what other programs left there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msftk.counting import counted
from msftk.errors import InputError
from msftk.files import files_under
from msftk.speech.audio_file import AUDIO_SUFFIXES


def audio_under(folder: Path, remedy: str) -> Iterator[Path]:
    """Audio files anywhere under a folder, in the order of their paths; files of other endings, and what macOS leaves
    ("._x.wav"), are passed over. None of them is opened.

    Raises InputError, at the end, where there is none.
    """
    n_audio = n_others = 0
    for path in files_under(folder):
        if path.name.startswith("._"):
            continue
        if path.suffix.lower() in AUDIO_SUFFIXES:
            n_audio += 1
            yield path
        else:
            n_others += 1
    if not n_audio:
        raise InputError(
            f"{folder}: no audio found (looked for {', '.join(AUDIO_SUFFIXES)}; found "
            f"{counted(n_others, 'other file')}). {remedy}"
        )
