"""How an audio file becomes the mono 16 kHz waveform that everything here reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from msftk.errors import AbsentError, InputError
from msftk.speech.audio_file import audio_facts, check_length, knows_length, open_audio, read_frames
from msftk.types import SAMPLE_RATE_HZ, Float32, Utterance

EDGE_TOLERANCE_S = 0.02  # tables round to 10 ms, so a segment may seem to end a little after its file

FAR_BEYOND = 8.0  # times full scale: no recording is so loud, integers written as floats are 32768
DECODING_VERSION = 2  # of the samples that a file gives: what was computed from another version's is computed anew


def load_utterance(utterance: Utterance, max_s: float | None = None) -> Float32:
    """The sound of an utterance as `load_audio` gives it. Raises AbsentError where the utterance is text alone."""
    if utterance.audio is None:
        raise AbsentError("no audio")
    return load_audio(utterance.audio, utterance.start_s, utterance.end_s, max_s, utterance.channel)


def load_audio(
    path: Path,
    start_s: float | None = None,
    end_s: float | None = None,
    max_s: float | None = None,
    channel: int | None = None,
) -> Float32:
    """Decodes a file, or the segment `start_s`..`end_s` of it, of which at most the first `max_s` are kept.

    Reads all that libsndfile knows; a segment is sought, so the rest of the file is not read. Channels are folded to
    mono by their mean, or `channel` (0 = left) is taken alone; other rates are resampled to 16 kHz (`resample`).

    Returns:
        [n] float32, mono, 16 kHz.
    Raises:
        InputError: the file is missing, unreadable or cut off, holds fewer than 2 samples or one that is not finite,
            has no such channel, or the segment is not inside the file (`EDGE_TOLERANCE_S` is forgiven at its end).
    """
    with open_audio(path) as file:
        rate_hz = file.samplerate
        check_channel(path, file.channels, channel)
        duration_s = file.frames / rate_hz if knows_length(file) else audio_facts(path).duration_s
        start, stop = (round(s * rate_hz) for s in segment_bounds(path, duration_s, start_s, end_s, max_s))
        channels = read_frames(path, file, start, stop)  # [n, channels]
    if channels.shape[1] == 1:
        waveform = channels.ravel()
    elif channel is not None:
        waveform = channels[:, channel].copy()
    else:
        with np.errstate(invalid="ignore"):  # inf - inf: check_waveform names it
            waveform = channels.mean(axis=1, dtype=np.float32)
    check_waveform(waveform, str(path))
    return resample(waveform, rate_hz)


def resample(waveform: Float32, from_hz: int, to_hz: int = SAMPLE_RATE_HZ) -> Float32:
    """libsoxr's "HQ" filter, aliases under -120 dB: [n] -> [ceil(n * to_hz / from_hz)] float32, aligned in time."""
    if from_hz == to_hz:
        return waveform
    n_samples = -(-len(waveform) * to_hz // from_hz)
    silence = np.zeros(from_hz // to_hz + 1, np.float32)  # soxr rounds the length down as often as up
    resampled: Float32 = soxr.resample(np.append(waveform.astype(np.float32), silence), from_hz, to_hz, quality="HQ")
    return resampled[:n_samples]


def is_far_beyond_full_scale(waveform: Float32) -> bool:
    """Whether [n] samples are so large (`FAR_BEYOND`) that they were meant to be divided first."""
    return bool(len(waveform) and max(waveform.max(), -waveform.min()) > FAR_BEYOND)


def check_waveform(waveform: NDArray[np.floating], place: str) -> None:
    """Raises InputError, beginning with `place`, unless `waveform` is [n >= 2] finite samples."""
    if waveform.ndim != 1:
        raise InputError(f"{place}: waveform of shape {waveform.shape}, expected [samples]. Fold its channels to mono.")
    check_length(len(waveform), place)
    finite = np.isfinite(waveform)
    if not finite.all():
        worst = int(np.argmin(finite))
        raise InputError(
            f"{place}: sample {worst} is {waveform[worst]}, expected finite numbers. Export the audio again."
        )


def segment_bounds(
    path: Path, duration_s: float, start_s: float | None, end_s: float | None, max_s: float | None = None
) -> tuple[float, float]:
    """First and last second of the segment of a file that lasts `duration_s`; None is the file's own edge.

    Raises:
        InputError: the segment has no length or is not inside the file (`EDGE_TOLERANCE_S` is forgiven at its end).
    """
    first = 0.0 if start_s is None else start_s
    last = duration_s if end_s is None else end_s
    if (start_s, end_s) != (None, None) and not 0 <= first < last <= duration_s + EDGE_TOLERANCE_S:
        raise InputError(
            f"{path}: segment {first:g} to {last:g} s, expected a start before the end, both within "
            f"0 to {duration_s:.3f} s. Correct the segment's times."
        )
    last = min(last, duration_s)
    return first, last if max_s is None else min(last, first + max_s)


def check_channel(path: Path, n_channels: int, channel: int | None) -> None:
    """Raises InputError where a recording does not have the channel that was named."""
    if channel is not None and not 0 <= channel < n_channels:
        raise InputError(f"{path}: no channel {channel} (it has {n_channels}, from 0). Name one that it has.")
