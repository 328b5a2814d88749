from __future__ import annotations

import pytest
from scipy import stats

from msftk.evaluation.student import beyond, student_t


@pytest.mark.parametrize("freedom", [1.0, 1.5, 4.0, 23.0, 150.0, 5000.0])
def test_both_equal_scipys_t(freedom: float) -> None:
    for t in (0.0, 0.3, 1.96, 5.0, 12.0):
        assert beyond(t, freedom) == pytest.approx(2 * stats.t.sf(t, freedom), rel=1e-6, abs=1e-12)
        assert beyond(-t, freedom) == beyond(t, freedom)
    for outside in (0.5, 0.05, 0.001):
        assert student_t(freedom, outside) == pytest.approx(stats.t.isf(outside / 2, freedom), rel=1e-6)


def test_of_what_is_undefined_nothing_is_known() -> None:
    assert beyond(float("nan"), 5) != beyond(float("nan"), 5)
