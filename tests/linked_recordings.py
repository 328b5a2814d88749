"""A few recordings under many names: a corpus of any size that takes no room on the disk."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile

from msftk.types import SAMPLE_RATE_HZ

OWN = 20


def linked_recordings(place: Path, n_files: int) -> Path:
    """The folder with 20 recordings of 0.5 s of noise under so many names, a thousand a folder."""
    random, many = np.random.default_rng(0), place / "many"
    for k in range(n_files):
        own = place / f"own{k % OWN}.wav"
        if k < OWN:
            soundfile.write(own, 0.05 * random.standard_normal(SAMPLE_RATE_HZ // 2), SAMPLE_RATE_HZ)
        folder = many / f"{k // 1000:04}"
        folder.mkdir(parents=True, exist_ok=True)
        os.link(own, folder / f"{k:06}.wav")
    return many
