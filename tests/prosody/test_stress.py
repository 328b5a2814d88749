from __future__ import annotations

import json

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.prosody import emphasis, emphasis_batch, emphasis_json
from msftk.prosody.stress import segments
from msftk.registry import registry
from msftk.speech.alignment import make_alignment, make_tier
from msftk.speech.audio import resample
from msftk.types import Alignment, Emphasis, WordProsody

WORD_KEYS = [
    *("word", "start_s", "end_s", "voiced", "log_f0", "energy", "phone_duration_s"),
    *("z_pitch", "z_energy", "z_duration", "score", "emphasised"),
]


@pytest.fixture(scope="module")
def found(waveform: np.ndarray, alignment: Alignment, f0_hz: np.ndarray) -> Emphasis:
    return emphasis(waveform, 16_000, alignment, f0_hz=f0_hz)


def test_the_high_loud_word_is_stressed_and_its_neighbours_make_the_segment(found: Emphasis) -> None:
    assert found.prosody.words == ("that", "agent", "is", "logged")
    assert (found.top, found.first, found.last) == (1, 0, 2)
    assert found.segment_text == "that agent is"
    assert np.exp(found.prosody.log_f0[1]) == pytest.approx(210, rel=0.02)


def test_settings_name_the_scorer_and_its_options(found: Emphasis) -> None:
    weights = {"weight_pitch": 1.0, "weight_energy": 1.2, "weight_duration": 0.8}
    assert found.settings == {"scorer": "lemf", **weights}


def test_emphasis_computes_f0_itself(waveform: np.ndarray, alignment: Alignment, found: Emphasis) -> None:
    np.testing.assert_array_equal(emphasis(waveform, 16_000, alignment).score, found.score)


def test_audio_at_another_rate_is_resampled_to_16_khz(
    waveform: np.ndarray, alignment: Alignment, found: Emphasis
) -> None:
    at_48 = emphasis(resample(waveform, 16_000, 48_000), 48_000, alignment)
    assert at_48.top == found.top
    np.testing.assert_allclose(at_48.score, found.score, atol=0.05)


def test_options_of_the_scorer_change_the_scores(waveform: np.ndarray, alignment: Alignment, f0_hz: np.ndarray) -> None:
    scorer = registry().create("emphasis", "lemf", {"weight_pitch": 0.0, "weight_energy": 0.0, "weight_duration": -1.0})
    other = emphasis(waveform, 16_000, alignment, f0_hz=f0_hz, scorer=scorer)
    np.testing.assert_array_equal(other.score, -other.prosody.z_duration)
    assert other.settings["weight_duration"] == -1.0


def test_a_batch_has_the_bits_of_one_by_one(waveform: np.ndarray, alignment: Alignment, f0_hz: np.ndarray) -> None:
    half = make_alignment(make_tier([0.1, 0.4], [0.4, 0.9], ["that", "agent"]), alignment.phones, "half")
    batch = emphasis_batch([waveform, waveform, waveform], [half, alignment, half], [f0_hz] * 3)
    for one, alone in zip(batch, (half, alignment, half), strict=True):
        expected = emphasis(waveform, 16_000, alone, f0_hz=f0_hz)
        np.testing.assert_array_equal(one.score, expected.score)
        assert (one.top, one.first, one.last) == (expected.top, expected.first, expected.last)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ([3.0], (0, 0, 0)),
        ([1.0, 3.0], (1, 0, 1)),
        ([3.0, 1.0, 1.0], (0, 0, 1)),
        ([1.0, 1.0, 2.0], (2, 1, 2)),
        ([0.0, 2.0, 2.0, 1.0], (1, 0, 2)),
        ([0.0, 0.0, 0.0], (0, 0, 1)),
    ],
)
def test_segment_is_top_word_ties_first_and_two_neighbours_clipped(score: list[float], expected: tuple) -> None:
    assert tuple(segments(np.array(score), np.array([0, len(score)]))[:, 0]) == expected


def test_silence_has_a_segment_and_says_that_nothing_is_voiced(alignment: Alignment) -> None:
    silent = emphasis(np.zeros(32_000, np.float32), 16_000, alignment)
    assert not silent.prosody.voiced.any()
    assert [word["log_f0"] for word in emphasis_json("x", silent)["words"]] == [None] * 4
    assert silent.prosody.z_pitch.tolist() == silent.prosody.z_energy.tolist() == [0] * 4


def test_json_has_exactly_the_documented_keys(found: Emphasis) -> None:
    shape = emphasis_json("u1", found)
    assert list(shape) == ["id", "words", "segment", "settings"]
    assert [list(word) for word in shape["words"]] == [WORD_KEYS] * 4
    assert shape["segment"] == {"text": "that agent is", "first": 0, "last": 2, "start_s": 0.1, "end_s": 1.2}
    assert [word["emphasised"] for word in shape["words"]] == [False, True, False, False]
    assert json.loads(json.dumps(shape, allow_nan=False)) == shape


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (np.zeros(0, np.float32), "s01.TextGrid: no samples"),
        (np.zeros(1, np.float32), "s01.TextGrid: 1 sample"),
        (np.full(32_000, np.nan, np.float32), "s01.TextGrid: sample 0 is nan"),
    ],
)
def test_bad_samples_are_an_input_error(samples: np.ndarray, said: str, alignment: Alignment) -> None:
    with pytest.raises(InputError, match=said):
        emphasis(samples, 16_000, alignment)


class Wrong:
    """A scorer that breaks its contract."""

    def __init__(self, score: np.ndarray) -> None:
        self.score = score

    def scores(self, waveform, sample_rate_hz, alignment, transcript=None, *, prosody: WordProsody) -> np.ndarray:
        return self.score


@pytest.mark.parametrize("score", [np.zeros(3), np.array([0, np.nan, 0, 0])])
def test_a_scorer_without_a_finite_score_a_word_is_named(
    score: np.ndarray, waveform: np.ndarray, alignment: Alignment, f0_hz: np.ndarray
) -> None:
    with pytest.raises(
        InputError, match=r"emphasis scorer '.*Wrong' returned scores of shape \(\d,\), 3 of them finite"
    ):
        emphasis(waveform, 16_000, alignment, f0_hz=f0_hz, scorer=Wrong(score))
