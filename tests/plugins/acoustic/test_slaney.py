from __future__ import annotations

import numpy as np
import pytest
from transformers.audio_utils import mel_filter_bank

from msftk_plugins.acoustic.slaney import mel_filters


@pytest.mark.parametrize(("window", "n_bands"), [(64, 26), (400, 80), (400, 128)])
def test_filters_are_those_of_transformers(window: int, n_bands: int) -> None:
    theirs = mel_filter_bank(window // 2 + 1, n_bands, 0.0, 8000.0, 16_000, norm="slaney", mel_scale="slaney")
    np.testing.assert_allclose(mel_filters(window, n_bands), theirs, atol=1e-12)
