from __future__ import annotations

import numpy as np
import pytest

from msftk import testing
from msftk.registry import registry


@pytest.mark.parametrize("name", registry().names("front-end"))
def test_built_in_front_ends_keep_their_contract(name: str) -> None:
    testing.check_front_end(name)


@pytest.mark.parametrize("name", registry().names("front-end"))
def test_the_encoder_of_that_name_reads_what_the_front_end_prepares(name: str) -> None:
    options = {"bands": 20}
    encoder, front_end = (registry().create(kind, name, options) for kind in ("acoustic-encoder", "front-end"))
    assert encoder.prepares_with == name
    assert encoder.needs_f0 == front_end.needs_f0
    sound, f0_hz = np.random.default_rng(0).normal(0, 0.1, 9000).astype(np.float32), np.full(113, 150.0)
    np.testing.assert_array_equal(encoder.prepare(sound, f0_hz), front_end.prepare(sound, f0_hz))
