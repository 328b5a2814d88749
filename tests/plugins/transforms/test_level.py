"""Level: the gain that was drawn, and never beyond full scale."""

from __future__ import annotations

import numpy as np
import pytest

from msftk import testing
from msftk.interfaces import Sound
from msftk.registry import registry


def gained(peak: float, gain_db: float) -> float:
    """Largest sample after a gain."""
    waveform = np.array([0.0, -peak, peak / 3], np.float32)
    transform = registry().create("transform", "level", {"gain_db": (gain_db, gain_db)})
    return float(np.abs(transform(Sound(waveform), np.random.default_rng(0)).waveform).max())


def test_it_keeps_the_contract_of_its_kind() -> None:
    testing.check_transform("level")


def test_the_gain_is_the_one_drawn() -> None:
    assert gained(0.1, 6.0) == pytest.approx(0.1 * 10**0.3)
    assert gained(0.1, -6.0) == pytest.approx(0.1 / 10**0.3)


def test_nothing_is_clipped() -> None:
    assert gained(0.9, 20.0) == pytest.approx(1.0)
    assert gained(1.5, 20.0) == pytest.approx(1.5)  # it was so loud before
    assert gained(1.5, -20.0) == pytest.approx(0.15)
