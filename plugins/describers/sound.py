"""A waveform as the bytes that travel to a server or a worker."""

from __future__ import annotations

import base64
from io import BytesIO

import soundfile

from msftk.types import SAMPLE_RATE_HZ, Float32


def wav_base64(waveform: Float32) -> str:
    """[n] float32 at 16 kHz -> a WAV file of 16-bit samples in base64; what is beyond full scale is clipped."""
    file = BytesIO()
    soundfile.write(file, waveform.clip(-1, 1), SAMPLE_RATE_HZ, format="WAV", subtype="PCM_16")
    return base64.b64encode(file.getvalue()).decode("ascii")
