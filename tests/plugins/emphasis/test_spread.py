from __future__ import annotations

import numpy as np
import pytest
from reference import lemf as oracle
from tones import tones, tones_alignment

from msftk.prosody import emphasis, harvest
from msftk.registry import registry
from msftk.testing import check_emphasis


def test_spread_keeps_the_contract() -> None:
    check_emphasis("spread")


@pytest.mark.parametrize("weights", [(1.0, 1.0), (2.0, 0.0)])
def test_scores_are_pitch_range_and_log_energy_within_the_sentence(weights: tuple[float, float]) -> None:
    waveform, alignment = tones(), tones_alignment()
    f0_hz = harvest(waveform, 16_000)
    options = dict(zip(("weight_range", "weight_energy"), weights, strict=True))
    found = emphasis(waveform, 16_000, alignment, f0_hz=f0_hz, scorer=registry().create("emphasis", "spread", options))
    words = [(a, b) for a, b, said in zip(*tier(alignment), strict=True) if said]
    ranges = np.array([oracle.pitch(f0_hz, a, b) - oracle.pitch(f0_hz, a, b, min) for a, b in words])
    energies = oracle.frame_energies(waveform)
    loud = np.log([oracle.energy(energies, a, b) for a, b in words])
    np.testing.assert_allclose(found.score, weights[0] * oracle.z(ranges) + weights[1] * oracle.z(loud), atol=1e-5)
    assert found.settings == {"scorer": "spread", **options}


def tier(alignment) -> tuple:
    return alignment.words.start_s, alignment.words.end_s, alignment.words.spoken
