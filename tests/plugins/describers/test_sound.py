from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
import soundfile

from msftk_plugins.describers.sound import wav_base64


def test_a_waveform_travels_as_16_bit_wav_clipped_at_full_scale() -> None:
    waveform = np.array([0.0, 0.5, -2.0, 2.0], np.float32)
    samples, rate = soundfile.read(BytesIO(base64.b64decode(wav_base64(waveform))))
    assert rate == 16000
    np.testing.assert_allclose(samples, [0, 0.5, -1, 1], atol=1e-4)
