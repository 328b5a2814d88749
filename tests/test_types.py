"""Rating scales, and what an alignment and an emphasis say of themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from msftk.errors import InputError
from msftk.speech.alignment import make_alignment, make_tier
from msftk.types import RatingScale


def test_a_scale_maps_its_ends_to_0_and_1_and_back_without_clipping() -> None:
    scale = RatingScale(1, 7)
    assert scale.to_unit(np.array([1.0, 4.0, 7.0])).tolist() == [0.0, 0.5, 1.0]
    assert scale.from_unit(np.array([-0.5, 0.5, 1.5])).tolist() == [-2.0, 4.0, 10.0]
    assert str(scale) == "1..7"


@pytest.mark.parametrize(("low", "high"), [(7, 1), (1, 1), (math.nan, 1), (0, math.inf)])
def test_a_scale_without_an_order_or_an_end_is_refused(low: float, high: float) -> None:
    with pytest.raises(InputError, match=r"expected two finite numbers, low below high"):
        RatingScale(low, high)


def test_spoken_words_leave_out_silence() -> None:
    words = make_tier([0.0, 0.2, 0.5], [0.2, 0.5, 0.6], ["sil", "stop", "now"])
    assert make_alignment(words, make_tier([], [], []), "s").spoken_words == ("stop", "now")
