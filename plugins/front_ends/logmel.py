"""What encoder `logmel` reads: log-mel bands, energy and pitch, and how they move."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from msftk import interfaces
from msftk.types import Float32, Float64
from msftk_plugins.acoustic.tracks import deltas, measure, mel_filters, pitch_tracks, speech_frames

MARGIN = 20  # frames kept before the first and after the last frame of speech


class LogMelFrames(interfaces.FrontEnd):
    """Log-mel bands, log energy, log-F0, voicing and their deltas every 10 ms.

    Silence before and after the speech is cut off, else it makes up the statistics: frames count from 200 ms before
    the first speech.
    """

    class Options(interfaces.Options):
        bands: int = Field(40, ge=4, le=128, description="mel bands from 20 Hz to 8 kHz")
        trim_db: float = Field(40.0, gt=0, description="speech ends this far below the loudest frame; 1000: keep all")

    needs_f0: ClassVar[bool] = True

    def __init__(self, options: Options) -> None:
        self.filters = mel_filters(options.bands)
        self.trim_db = options.trim_db
        self.n_features = 2 * (options.bands + 3)

    def prepare(self, waveform: Float32, f0_hz: Float64 | None) -> Float32:
        """waveform [samples] at 16 kHz, f0_hz on a 5 ms grid -> [frames, features], a frame every 10 ms."""
        tracks = measure(waveform, f0_hz, self.filters)
        features = np.column_stack([tracks.log_mel, tracks.log_energy, *pitch_tracks(tracks.f0_hz)])
        speech = np.flatnonzero(speech_frames(tracks.log_energy, self.trim_db))
        kept = slice(max(0, speech[0] - MARGIN), speech[-1] + 1 + MARGIN)
        return np.hstack([features, deltas(features)])[kept].astype(np.float32)
