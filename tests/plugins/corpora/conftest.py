from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.fixture
def tone() -> Callable[[Path], Path]:
    """Writes a tenth of a second of a tone to a path, whose folder it makes."""

    def write(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.1 * np.sin(np.arange(1600) / 16_000 * 2 * np.pi * 220), 16_000)
        return path

    return write
