"""The sound files of a folder that a transform draws from: looked at once, when it is built, and read when drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from msftk.errors import InputError
from msftk.speech.audio import load_audio
from msftk.speech.audio_file import audio_facts
from msftk.speech.audio_folder import audio_under
from msftk.store.keys import table_digest
from msftk.types import Float32

LEAST_S = 0.01  # fewer samples than two are no sound


class SoundFiles:
    """Every audio file anywhere below a folder, in the order of their paths; files of other endings are passed over.

    Raises InputError for a folder that is not there or holds none, and names the first file that is not audio.
    """

    def __init__(self, folder: str) -> None:
        root = Path(folder)
        if not root.is_dir():
            raise InputError(f"{folder}: no such folder. Name a folder of audio files, or leave folder out.")
        self.paths = [*audio_under(root, "Name another folder, or leave folder out.")]
        self._durations_s = [audio_facts(path).duration_s for path in self.paths]
        named = zip((path.relative_to(root) for path in self.paths), self._durations_s, strict=True)
        self._listing = table_digest(["sound files"], ((str(path), duration_s) for path, duration_s in named))

    def identity(self) -> dict[str, str]:
        """How many files there are, and a hash of their names and lengths."""
        return {"files": str(len(self.paths)), "listing": self._listing}

    def whole(self, random: np.random.Generator) -> Float32:
        """[n] one of the files at 16 kHz, the first of its channels: several microphones are not folded together."""
        return load_audio(self.paths[int(random.integers(len(self.paths)))], channel=0)

    def stretch(self, seconds: float, random: np.random.Generator) -> Float32:
        """[n] at 16 kHz, mono: `seconds` (`LEAST_S` at least) of one of the files, or all of it where it is shorter."""
        seconds = max(seconds, LEAST_S)
        place = int(random.integers(len(self.paths)))
        start_s = random.uniform(0, max(0.0, self._durations_s[place] - seconds))
        end_s = min(start_s + seconds, self._durations_s[place])
        return load_audio(self.paths[place], start_s, end_s)
