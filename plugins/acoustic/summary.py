"""One vector an utterance: how its tracks are spread over the frames of speech, in the manner of eGeMAPS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from msftk.types import Float64
from msftk_plugins.acoustic.tracks import Tracks, speech_frames

SPEECH_DB = 35.0  # a frame is speech where it is at most this far below the loudest one
FEWEST_VOICED = 5  # 50 ms; under it the statistics of voice are taken over speech
LOWEST_F0_HZ = 60.0  # stands in for unvoiced frames where an utterance has hardly any voice
FRAMES_PER_S = 100
CEPSTRA = 13
N_FUNCTIONALS = 2 * CEPSTRA + 10 + 9 + 5 + 4
Mask = NDArray[np.bool_]


def functionals(tracks: Tracks) -> Float64:
    """[N_FUNCTIONALS] float64; silence before and after the speech changes none of them.

    Cepstra (mean, standard deviation), log-F0 (spread, change, fall), log energy (spread, change, level of voice),
    rhythm (seconds of speech, share voiced, voiced stretches a second and their length), tilt.
    """
    log_energy = tracks.log_energy
    speech = speech_frames(log_energy, SPEECH_DB)
    voiced = speech & (tracks.f0_hz > 0)
    measured = voiced if voiced.sum() >= FEWEST_VOICED else speech
    cepstra = (tracks.log_mel @ cosines(tracks.log_mel.shape[1]).T)[speech]
    log_f0 = np.log(np.maximum(tracks.f0_hz, LOWEST_F0_HZ))[measured]
    third = -(-len(log_f0) // 3)
    tilt = tracks.tilt
    return np.concatenate(
        [
            cepstra.mean(axis=0),
            cepstra.std(axis=0),
            [*_spread(log_f0, (5, 20, 50, 80, 95)), *_change(log_f0)],
            [log_f0[-third:].mean() - log_f0[:third].mean()],
            [*_spread(log_energy[speech], (20, 50, 80)), _change(log_energy[speech])[0], log_energy.max()],
            [log_energy[measured].mean(), log_energy[measured].std()],
            _rhythm(speech, voiced),
            [tilt[measured].mean(), tilt[measured].std(), tilt[speech].mean(), tilt[speech].std()],
        ]
    )


def cosines(bands: int) -> Float64:
    """[CEPSTRA, bands] cosine transform (DCT-II); rows past the number of bands are zero."""
    order, band = np.arange(CEPSTRA)[:, None], np.arange(bands)
    waves = np.sqrt(2 / bands) * np.cos(np.pi * order * (band + 0.5) / bands)
    return np.where(order < bands, waves, 0.0)


def _spread(values: Float64, percentiles: tuple[int, ...]) -> list[float]:
    return [values.mean(), values.std(), *np.percentile(values, percentiles)]


def _change(values: Float64) -> tuple[float, float]:
    """Mean size and standard deviation of the step from one frame to the next, pauses skipped."""
    steps = np.diff(values) if len(values) > 1 else np.zeros(1)
    return float(np.abs(steps).mean()), float(steps.std())


def _rhythm(speech: Mask, voiced: Mask) -> list[float]:
    n_speech = int(speech.sum())
    edges = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]]).astype(int)))
    lengths = (edges[1::2] - edges[::2]) / FRAMES_PER_S if len(edges) else np.zeros(1)
    stretches = len(edges) // 2
    return [
        n_speech / FRAMES_PER_S,
        float(voiced.sum()) / n_speech,
        stretches * FRAMES_PER_S / n_speech,
        float(lengths.mean()),
        float(lengths.std()),
    ]
