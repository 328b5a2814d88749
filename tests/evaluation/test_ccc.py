"""CCC equals audmetric, keeps its invariants, and adds up from moments."""

from __future__ import annotations

import math

import audmetric
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from msftk.evaluation.ccc import ccc, ccc_of_moments, moments

Pairs = st.integers(2, 40).flatmap(
    lambda n: st.tuples(*(st.lists(st.floats(-100, 100, width=32), min_size=n, max_size=n) for _ in range(2)))
)


def lin(p: np.ndarray, t: np.ndarray) -> float:
    """Lin (1989), written out a second time."""
    covariance = np.mean((p - p.mean()) * (t - t.mean()))
    return float(2 * covariance / (p.var() + t.var() + (p.mean() - t.mean()) ** 2))


@pytest.mark.parametrize("n", [2, 3, 8, 32, 1000])
@pytest.mark.parametrize("offset", [0.0, 0.5, 1e4])
def test_ccc_equals_audmetric_and_lin(n: int, offset: float) -> None:
    random = np.random.default_rng(n)
    truth = random.normal(4, 1, n) + offset
    prediction = 0.6 * truth + random.normal(0, 0.5, n)
    # 1e-8: beside an offset of 1e4, doubles hold the spread of 1 to 1e-12 of its square
    assert ccc(prediction, truth) == pytest.approx(audmetric.concordance_cc(truth, prediction), abs=1e-8)
    assert ccc(prediction, truth) == pytest.approx(lin(prediction, truth), abs=1e-8)


def test_ccc_of_the_textbook_numbers_is_the_population_form() -> None:
    assert ccc([1, 2, 3, 4], [2, 3, 4, 5]) == pytest.approx(0.714286, abs=1e-6)


@given(Pairs)
def test_ccc_is_symmetric_and_between_minus_one_and_one(pair: tuple[list[float], list[float]]) -> None:
    p, t = np.array(pair[0]), np.array(pair[1])
    assume(np.ptp(p) > 1e-3 or np.ptp(t) > 1e-3)
    assert -1 <= ccc(p, t) <= 1
    assert ccc(p, t) == pytest.approx(ccc(t, p), abs=1e-9)


@given(st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=40))
def test_ccc_of_equal_input_is_one_unless_constant(values: list[float]) -> None:
    assume(np.ptp(values) > 1e-3)
    assert ccc(values, values) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("values", [[], [0.3], [0.1, 0.1, 0.1], [7, 7]])
def test_ccc_of_too_few_or_constant_equal_values_is_undefined(values: list[float]) -> None:
    assert np.isnan(ccc(values, values))


def test_constant_prediction_against_ratings_that_vary_is_zero() -> None:
    assert ccc([3, 3, 3, 3], [1, 2, 3, 4]) == 0


def test_pairs_with_nan_are_left_out() -> None:
    assert ccc([1, 2, np.nan, 4, 9], [2, 3, 7, 5, np.nan]) == pytest.approx(ccc([1, 2, 4], [2, 3, 5]))


def test_moments_of_parts_add_up_to_those_of_the_whole() -> None:
    random = np.random.default_rng(0)
    prediction, truth = random.normal(size=(2, 50, 3))
    truth[::7, 1] = np.nan
    parts = [moments(prediction[rows], truth[rows], 0.25) for rows in (slice(0, 11), slice(11, 50))]
    expected = [ccc(prediction[:, a], truth[:, a]) for a in range(3)]
    np.testing.assert_allclose(ccc_of_moments(parts[0] + parts[1]), expected, atol=1e-12)


def test_one_pair_has_no_concordance() -> None:
    assert math.isnan(ccc(np.array([1.0, np.nan]), np.array([2.0, 3.0])))
