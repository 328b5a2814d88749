"""Sound that is no file becomes the waveform that everything here reads: samples, the bytes of a file, a pipe."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from msftk.errors import InputError
from msftk.speech.audio import check_waveform, load_audio, resample
from msftk.speech.audio_file import check_channels, check_rate
from msftk.types import SAMPLE_RATE_HZ, Float32


def waveform_of(sound: Any, name: str) -> Float32:
    """Sound in memory as [n] float32 mono at 16 kHz. Raises InputError that begins with `name`."""
    if isinstance(sound, bytes) or hasattr(sound, "read"):
        return _decoded(sound, name)
    if not (isinstance(sound, tuple) and len(sound) == 2 and isinstance(sound[0], np.ndarray)):
        what = "samples without their rate" if isinstance(sound, np.ndarray) else f"of type {type(sound).__name__}"
        raise InputError(
            f"{name}: {what}. Give a path, an Utterance, (samples as a NumPy array, rate in Hz), or the bytes of an "
            "audio file."
        )
    samples, rate_hz = sound
    if not isinstance(rate_hz, int | float | np.number):
        raise InputError(f"{name}: a sample rate of type {type(rate_hz).__name__}. Give (samples, rate in Hz).")
    check_rate(float(rate_hz), name)
    samples = _full_scale(samples, name)
    if samples.ndim == 2:
        check_channels(samples.shape[1], f"{name}: samples [n, channels] of shape {list(samples.shape)}")
        samples = samples.mean(axis=1)
    check_waveform(samples, name)
    waveform: Float32 = samples.astype(np.float32)
    return waveform if rate_hz == SAMPLE_RATE_HZ else resample(waveform, int(rate_hz))


def _full_scale(samples: NDArray[Any], name: str) -> NDArray[Any]:
    """Whole numbers of 8 to 32 bits, as audio files hold them, on the scale of floats: -1 to 1."""
    if samples.dtype.kind == "f":
        return samples
    if samples.dtype.kind not in "iu" or samples.dtype.itemsize > 4:  # int64: nobody knows what is loud
        raise InputError(f"{name}: samples of type {samples.dtype}. Give float32 within -1 to 1, or int16.")
    info = np.iinfo(samples.dtype)
    return (samples.astype(np.float64) - (info.min + info.max + 1) / 2) / ((info.max - info.min + 1) / 2)


def _decoded(sound: Any, name: str) -> Float32:
    """The bytes of an audio file, read on the road of every other file."""
    try:
        content = sound if isinstance(sound, bytes) else sound.read()
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: cannot be read ({error}). Open it anew.") from error
    if not isinstance(content, bytes):
        raise InputError(f"{name}: a file that gives {type(content).__name__}, not bytes. Open it with mode 'rb'.")
    with tempfile.NamedTemporaryFile(prefix="msftk-") as file:
        file.write(content)
        file.flush()
        try:
            return load_audio(Path(file.name))
        except InputError as error:
            raise InputError(str(error).replace(file.name, name)) from error


def standard_input(stream: BinaryIO) -> io.BytesIO:
    """What was piped in, whole. Raises InputError where nothing was."""
    content = stream.read()
    if not content:
        raise InputError("-: standard input is empty. Pipe an audio file in, e.g. msftk predict RUN - < speech.wav.")
    return io.BytesIO(content)
