"""An audio file as it lies on the disk: opened, its sizes bounded before they are used, and read to its true end."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from msftk.errors import InputError
from msftk.files import unreadable
from msftk.speech.completeness import MP3_FRAME, UNDECODABLE, check_end, check_promise, cut_off, forgiven
from msftk.types import Float32

_ENDINGS = {  # of the formats of libsndfile that hold speech somewhere
    "WAV": (".wav", ".wave"),
    "FLAC": (".flac",),
    "MP3": (".mp3",),
    "OGG": (".ogg", ".oga", ".opus"),
    "AIFF": (".aiff", ".aif", ".aifc"),
    "AU": (".au", ".snd"),
    "CAF": (".caf",),
    "W64": (".w64",),
    "RF64": (".rf64",),
    "NIST": (".sph", ".nist"),
    "VOC": (".voc",),
    "SDS": (".sds",),
    "IRCAM": (".sf",),
}
AUDIO_SUFFIXES = tuple(
    ending for name, endings in _ENDINGS.items() if name in soundfile.available_formats() for ending in endings
)

MIN_RATE_HZ, MAX_RATE_HZ = 1_000, 400_000
MAX_CHANNELS = 64
MAX_S = 24 * 3600.0
BLOCK = 1 << 20  # frames that are read at once: nothing is allocated for frames that a header only claims
# An MP3 frame borrows bits from frames before it; right after a seek libsndfile lacks them and gives wrong samples.
MP3_PREROLL = 16 * MP3_FRAME
LFS_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """Length and form of an audio file; of floats, whose samples may lie beyond full scale."""

    duration_s: float
    sample_rate_hz: int
    channels: int
    is_float: bool = False


def audio_facts(path: Path, max_s: float = MAX_S) -> AudioFacts:
    """Reads the header and looks at the end; decodes the whole file only if the header does not know its length.

    Raises:
        InputError: missing, unreadable, cut off, of an absurd size, longer than `max_s`, or fewer than 2 samples.
    """
    with open_audio(path) as file:
        frames = file.frames if knows_length(file) else sum(map(len, _to_the_end(path, file, max_s)))
        check_length(frames, str(path))
        _check_seconds(path, frames / file.samplerate, max_s)
        if knows_length(file) and file.format in ("FLAC", "MP3"):
            check_end(path, file)
        is_float = file.subtype in ("FLOAT", "DOUBLE")
        return AudioFacts(frames / file.samplerate, file.samplerate, file.channels, is_float)


def open_audio(path: Path) -> soundfile.SoundFile:
    """Opens a file whose rate, channels and length are such as sound has. Raises InputError as `audio_facts`."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file. Check the path of the audio.") from error
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if not stat.S_ISREG(mode):
        found = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise InputError(f"{path}: {found}, not an audio file. Check the path of the audio.")
    try:
        file = soundfile.SoundFile(os.fsencode(path))
    except (*UNDECODABLE, TypeError) as error:  # TypeError: .raw, which has no header
        raise _undecodable(path, error) from error
    try:
        _check_form(path, file)
    except InputError:
        file.close()
        raise
    return file


def knows_length(file: soundfile.SoundFile) -> bool:
    """Whether the header tells it; streaming encoders of FLAC leave it out."""
    return bool(file.frames < 1 << 62)


def read_frames(path: Path, file: soundfile.SoundFile, start: int, stop: int) -> Float32:
    """[stop - start, channels], or what is there if the length is unknown. Raises InputError if the file is cut off."""
    if not knows_length(file):
        return np.concatenate([*_to_the_end(path, file), np.empty((0, file.channels), np.float32)])[start:stop]
    preroll = min(start, MP3_PREROLL) if file.format == "MP3" else 0
    blocks, missing = [], stop - start + preroll
    try:
        file.seek(start - preroll)
        while missing and len(block := file.read(min(missing, BLOCK), dtype="float32", always_2d=True)):
            blocks.append(block)
            missing -= len(block)
    except UNDECODABLE as error:
        raise _undecodable(path, error) from error
    if missing > forgiven(file):
        raise cut_off(path, file.frames / file.samplerate, (stop - missing) / file.samplerate)
    samples: Float32 = blocks[0] if len(blocks) == 1 else np.concatenate([np.empty((0, file.channels), "f4"), *blocks])
    return samples[preroll:]


def check_length(n_samples: int, place: str) -> None:
    """Raises InputError, beginning with `place`, for fewer than 2 samples."""
    if n_samples < 2:
        found = "no samples" if n_samples == 0 else "1 sample"
        raise InputError(f"{place}: {found}, expected speech. Record or export the audio again.")


def check_rate(rate_hz: float, place: str) -> None:
    """Raises InputError, beginning with `place`, for a sample rate that no speech is recorded at."""
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise InputError(
            f"{place}: a sample rate of {rate_hz:.10g} Hz, expected {MIN_RATE_HZ} to {MAX_RATE_HZ}. Correct its "
            "header, or export the audio again."
        )


def check_channels(channels: int, place: str) -> None:
    """Raises InputError, beginning with `place`, for more channels than a microphone array has."""
    if channels > MAX_CHANNELS:
        raise InputError(f"{place}: {channels} channels, expected at most {MAX_CHANNELS}. Export those with speech.")


class _Stream(soundfile.SoundFile):  # type: ignore[misc]
    """Read from its begin to its end alone: libsndfile cannot seek where it does not know the length."""

    def seekable(self) -> bool:
        return False


def _to_the_end(path: Path, file: soundfile.SoundFile, max_s: float = MAX_S) -> Iterator[Float32]:
    n_frames = 0
    try:
        with _Stream(os.fsencode(path)) as stream:
            while len(block := stream.read(BLOCK, dtype="float32", always_2d=True)):
                n_frames += len(block)
                _check_seconds(path, n_frames / file.samplerate, max_s)
                yield block
    except UNDECODABLE as error:
        raise _undecodable(path, error) from error


def _check_form(path: Path, file: soundfile.SoundFile) -> None:
    rate_hz, channels = file.samplerate, file.channels
    check_rate(rate_hz, str(path))
    check_channels(channels, str(path))
    if knows_length(file):
        _check_seconds(path, file.frames / rate_hz, MAX_S)
    check_promise(path, file)


def _check_seconds(path: Path, seconds: float, max_s: float) -> None:
    if seconds > max_s:
        raise InputError(
            f"{path}: {_told(seconds)}, expected at most {_told(max_s)}. Correct its header, or cut it in parts."
        )


def _told(seconds: float) -> str:
    return f"{seconds / 3600:.0f} hours" if seconds >= 3600 else f"{seconds:.4g} s"


def _undecodable(path: Path, error: Exception) -> InputError:
    head = _head(path, len(LFS_POINTER))
    if not head:
        return InputError(f"{path}: an empty file. Copy it again, or record again.")
    if head == LFS_POINTER:
        return InputError(f"{path}: a Git LFS pointer, not audio. Fetch the audio: git lfs pull.")
    reason = getattr(error, "error_string", str(error)).rstrip(".")
    return InputError(f"{path}: cannot be decoded ({reason}). Convert it to WAV, FLAC, OGG or MP3.")


def _head(path: Path, n_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(n_bytes)
    except OSError as error:
        raise unreadable(path, error) from error
