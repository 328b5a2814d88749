"""The compiled stages, each against the slow oracle, and over ragged batches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import lemf as oracle

from msftk.prosody.words import HANN, HOP, frame_energy, z_scores
from msftk_ext import prosody as kernels

LENGTHS = (1, 2, 159, 160, 319, 320, 321, 479, 480, 481, 16_001)


def offsets(*lengths: int) -> np.ndarray:
    return np.array([0, *np.cumsum(lengths)], dtype=np.int64)


def micros(*times_s: float) -> np.ndarray:
    return np.rint(np.array(times_s) * 1e6).astype(np.int64)


@pytest.mark.parametrize("length", LENGTHS)
def test_frame_energy_equals_the_norm_of_the_fft(length: int) -> None:
    waveform = np.random.default_rng(length).standard_normal(length)
    energy, _ = frame_energy([waveform])
    np.testing.assert_allclose(energy, oracle.frame_energies(waveform), rtol=1e-13)


def test_frame_energy_of_float32_equals_that_of_the_same_numbers_in_float64() -> None:
    waveform = np.random.default_rng(0).standard_normal(2000).astype(np.float32)
    np.testing.assert_array_equal(frame_energy([waveform])[0], frame_energy([waveform.astype(np.float64)])[0])


def test_frame_energy_of_a_ragged_batch_has_the_bits_of_each_waveform_alone() -> None:
    rng = np.random.default_rng(1)
    waveforms = [rng.standard_normal(length).astype(np.float32) for length in LENGTHS]
    untouched = [waveform.copy() for waveform in waveforms]
    energy, starts = frame_energy(waveforms)
    for i, waveform in enumerate(waveforms):
        np.testing.assert_array_equal(energy[starts[i] : starts[i + 1]], frame_energy([waveform])[0])
        np.testing.assert_array_equal(waveform, untouched[i])


def test_frame_energy_reads_only_its_own_item() -> None:
    short, loud = np.ones(10, dtype=np.float32), np.full(1000, 100, dtype=np.float32)
    np.testing.assert_array_equal(frame_energy([short, loud])[0][:1], frame_energy([short])[0])


def test_frame_energy_without_hop_multiple_leaves_the_tail_out() -> None:
    waveform = np.zeros(480 + 159, dtype=np.float32)
    waveform[480:] = 1  # the third frame would need 640 samples
    energy = np.empty(2)
    kernels.frame_energy(waveform, offsets(len(waveform)), HANN, HOP, offsets(2), energy)
    assert energy.tolist() == [0, 0]


def log_f0(f0_hz: list[float], start_s: float, end_s: float) -> float:
    found, lowest = np.empty((2, 1))
    frames = np.array(f0_hz, dtype=np.float64)
    kernels.word_log_f0(frames, offsets(len(frames)), 5000, micros(start_s), micros(end_s), offsets(1), found, lowest)
    assert np.isnan(lowest) == np.isnan(found)
    assert not lowest > found
    return float(found[0])


def test_pitch_at_a_boundary_on_the_grid_belongs_to_the_word_that_starts_there() -> None:
    f0_hz = [0, 100, 200, 300]  # at 0, 5, 10, 15 ms
    assert log_f0(f0_hz, 0.005, 0.010) == np.log(100)
    assert log_f0(f0_hz, 0.010, 0.015) == np.log(200)


def test_pitch_boundary_is_compared_in_whole_microseconds() -> None:
    start_s = 0.1 + 0.2  # 0.30000000000000004: 300 ms all the same
    f0_hz = [0.0] * 60 + [150.0]
    assert log_f0(f0_hz, start_s, 0.302) == np.log(150)


def test_pitch_of_a_word_between_grid_points_is_unvoiced() -> None:
    assert np.isnan(log_f0([100, 100, 100], 0.006, 0.009))


def test_pitch_after_the_last_frame_is_unvoiced() -> None:
    assert np.isnan(log_f0([100, 100], 1.0, 2.0))


def word_energy(energy: list[float], start_s: float, end_s: float) -> float:
    found, frames = np.empty(1), np.array(energy, dtype=np.float64)
    kernels.word_energy(frames, offsets(len(frames)), 10_000, micros(start_s), micros(end_s), offsets(1), found)
    return float(found[0])


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"),
    [
        (0.010, 0.030, 1.5),  # centres at 10 and 20 ms; 30 ms belongs to the next word
        (0.0, 0.030001, 2.0),
        (0.011, 0.019, 1.0),  # no centre; middle 15 ms is as near to 10 as to 20: the first
        (0.012, 0.019, 2.0),
        (0.0, 0.002, 1.0),
        (0.041, 0.049, 3.0),  # after the last frame
    ],
)
def test_word_energy_takes_frames_by_centre_else_the_nearest(start_s: float, end_s: float, expected: float) -> None:
    assert word_energy([1, 2, 3], start_s, end_s) == expected


def duration(phones: list[tuple[float, float]], start_s: float, end_s: float, letters: int) -> tuple[float, bool]:
    found, guessed = np.empty(1), np.empty(1, dtype=np.uint8)
    begins, ends = micros(*(a for a, _ in phones)), micros(*(b for _, b in phones))
    n_letters = np.array([letters], dtype=np.int64)
    kernels.word_phone_duration(
        begins, ends, offsets(len(phones)), micros(start_s), micros(end_s), n_letters, offsets(1), found, guessed
    )
    return float(found[0]), bool(guessed[0])


def test_duration_is_the_mean_of_the_phones_whose_centre_lies_in_the_word() -> None:
    phones = [(0.0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.35, 0.45)]  # the third and fourth have their centre at 0.4
    assert duration(phones, 0.05, 0.4, 9) == (0.15, False)
    assert duration(phones, 0.4, 0.5, 9) == (0.15, False)


def test_duration_without_a_phone_is_word_duration_by_letters_and_flagged() -> None:
    assert duration([(0.5, 0.6)], 0.0, 0.4, 4) == (0.1, True)
    assert duration([], 0.0, 0.4, 4) == (0.1, True)


def test_z_scores_use_the_population_standard_deviation() -> None:
    np.testing.assert_allclose(z_scores(np.array([1.0, 3.0]), offsets(2)), [-1, 1])


def test_z_scores_leave_nan_out_of_the_statistics_and_give_it_zero() -> None:
    np.testing.assert_allclose(z_scores(np.array([1.0, np.nan, 3.0]), offsets(3)), [-1, 0, 1])


@pytest.mark.parametrize("values", [[5.0], [np.nan, np.nan], [0.0, 0.0], [np.nan, 7.0], [0.1] * 7, [0.3, 0.1 * 3]])
def test_z_scores_of_a_feature_that_does_not_vary_are_zero(values: list[float]) -> None:
    assert z_scores(np.array(values), offsets(len(values))).tolist() == [0.0] * len(values)


feature = st.lists(
    st.integers(-(10**6), 10**6).map(lambda n: n / 1000) | st.just(float("nan")), min_size=1, max_size=12
)


@settings(deadline=None, max_examples=60)
@given(st.lists(feature, min_size=1, max_size=6))
def test_z_scores_do_not_depend_on_the_batch_around_an_item(items: list[list[float]]) -> None:
    together = z_scores(np.concatenate(items), offsets(*map(len, items)))
    alone = np.concatenate([z_scores(np.array(item), offsets(len(item))) for item in items])
    np.testing.assert_array_equal(together, alone)


@settings(deadline=None, max_examples=60)
@given(feature)
def test_z_scores_equal_the_oracle(values: list[float]) -> None:
    array = np.array(values)
    np.testing.assert_allclose(z_scores(array, offsets(len(array))), oracle.z(array), atol=1e-7)


def test_top_word_takes_the_first_of_ties_and_the_segment_is_clipped() -> None:
    score = np.array([1.0, 0.0, 0.0, 2.0, 2.0, 0.0, 1.0, 7.0])
    top, first, last = np.empty((3, 4), dtype=np.int64)
    kernels.top_words(score, offsets(2, 4, 1, 1), top, first, last)
    assert top.tolist() == [0, 1, 0, 0]
    assert first.tolist() == [0, 0, 0, 0]
    assert last.tolist() == [1, 2, 0, 0]


def test_kernels_accept_an_empty_batch() -> None:
    empty = np.empty(0)
    kernels.z_scores(empty, offsets(), empty)
    top, first, last = np.empty((3, 0), dtype=np.int64)
    kernels.top_words(empty, offsets(), top, first, last)
