"""The measured description: loud and quiet, high and low, rising and falling, fast and slow."""

from __future__ import annotations

import numpy as np
import pytest

from msftk.interfaces import Evidence
from msftk.prosody import harvest
from msftk.registry import registry
from msftk.speech.alignment import make_alignment, make_tier
from msftk.types import SAMPLE_RATE_HZ, Alignment, Description, Float32
from msftk_plugins.describers.measured import active_level_dbov


def tone(start_hz: float, end_hz: float, level: float = 0.1, seconds: float = 1.2) -> Float32:
    """A voice-like sound: ten harmonics of a pitch that glides, in semitones, from one frequency to another."""
    progress = np.linspace(0, 1, round(seconds * SAMPLE_RATE_HZ))
    phase = 2 * np.pi * np.cumsum(start_hz * (end_hz / start_hz) ** progress) / SAMPLE_RATE_HZ
    sound = sum(np.sin(k * phase) / k for k in range(1, 11))
    return (level * sound / np.sqrt(np.mean(sound**2))).astype(np.float32)


def describe(waveform: Float32, alignment: Alignment | None = None) -> Description:
    f0_hz = harvest(waveform, SAMPLE_RATE_HZ)
    describer = registry().create("describer", "measured")
    return describer.describe(Evidence("u1", waveform=waveform, f0_hz=f0_hz, alignment=alignment))


def words(n: int, word_s: float, gap_s: float) -> Alignment:
    start_s = np.arange(n) * (word_s + gap_s)
    tier = make_tier(start_s, start_s + word_s, ["word"] * n)
    return make_alignment(tier, tier, "test")


@pytest.mark.parametrize(("f0_hz", "said"), [(90, "low pitch"), (150, "medium pitch"), (320, "high pitch")])
def test_pitch_level_is_told_against_typical_men_and_women(f0_hz: float, said: str) -> None:
    assert describe(tone(f0_hz, f0_hz)).paralinguistics.startswith(f"{said}, flat intonation")


@pytest.mark.parametrize(
    ("start_hz", "end_hz", "said"),
    [(120, 240, "rising pitch at the end"), (240, 120, "falling pitch at the end"), (200, 220, "flat intonation")],
)
def test_pitch_movement_counts_from_three_semitones(start_hz: float, end_hz: float, said: str) -> None:
    text = describe(tone(start_hz, end_hz)).paralinguistics
    assert said in text
    assert ("at the end" in text) == ("at the end" in said)


@pytest.mark.parametrize(("level", "said"), [(0.005, "quiet voice"), (0.05, "normal voice"), (0.3, "loud voice")])
def test_loudness_is_told_against_nominal_speech_levels(level: float, said: str) -> None:
    assert said in describe(tone(150, 150, level)).paralinguistics


def test_active_level_does_not_count_pauses() -> None:
    spoken = tone(150, 150)
    with_pause = np.concatenate([spoken, np.zeros(3 * SAMPLE_RATE_HZ, np.float32)])
    assert active_level_dbov(spoken) == pytest.approx(-20, abs=0.1)
    assert active_level_dbov(with_pause) == pytest.approx(-20, abs=0.2)


@pytest.mark.parametrize(
    ("alignment", "said"),
    [
        (words(8, 0.25, 0.0), "fast speech rate, no pauses"),
        (words(8, 0.33, 0.01), "average speech rate, no pauses"),
        (words(8, 0.35, 0.3), "slow speech rate, pauses"),
        (words(8, 0.3, 1.2), "slow speech rate, long pauses"),
    ],
)
def test_rate_and_pauses_come_from_the_alignment(alignment: Alignment, said: str) -> None:
    assert describe(tone(150, 150), alignment).paralinguistics.endswith(said)


def test_without_an_alignment_or_with_two_words_no_rate_is_told() -> None:
    assert "rate" not in describe(tone(150, 150)).paralinguistics
    assert "rate" not in describe(tone(150, 150), words(2, 0.3, 0.1)).paralinguistics


def test_only_paralinguistics_is_filled_and_nothing_invented() -> None:
    found = describe(tone(90, 90))
    assert found.status == "ok"
    assert (
        found.gender is found.free_emotion is found.constrained_emotion is found.explanation is found.scenario is None
    )


def test_silence_is_declared() -> None:
    found = describe(np.zeros(SAMPLE_RATE_HZ, np.float32))
    assert found.paralinguistics is None
    assert found.status == "nothing to measure (silence)"


def test_a_few_samples_are_described_without_pitch() -> None:
    assert describe(np.full(5, 0.1, np.float32)).paralinguistics == "normal voice"


def test_intonation_is_the_range_without_the_outermost_twentieths() -> None:
    def phrase(share_high: float) -> str:
        f0_hz = np.full(400, 150.0)
        f0_hz[:: round(1 / share_high)] = 190.0  # four semitones higher, here and there
        return describe_track(f0_hz)

    assert "varied intonation" in phrase(0.2)
    assert "flat intonation" in phrase(0.02)


def describe_track(f0_hz: np.ndarray) -> str:
    evidence = Evidence("u1", waveform=tone(150, 150), f0_hz=f0_hz)
    return str(registry().create("describer", "measured").describe(evidence).paralinguistics)
