"""The utterance of `tones`, as the prosody tests read it."""

from __future__ import annotations

import numpy as np
import pytest
from tones import tones, tones_alignment

from msftk.prosody import harvest
from msftk.types import Alignment


@pytest.fixture(scope="session")
def waveform() -> np.ndarray:
    return tones()


@pytest.fixture(scope="session")
def f0_hz(waveform: np.ndarray) -> np.ndarray:
    return harvest(waveform, 16_000)


@pytest.fixture(scope="session")
def alignment() -> Alignment:
    return tones_alignment()
