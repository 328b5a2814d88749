"""Whether an audio file was cut off: by what its header promises, and by what libsndfile says of its end."""

from __future__ import annotations

import re
from pathlib import Path

import soundfile

from msftk.errors import InputError

MP3_FRAME = 1152
FORGIVEN_S = 0.02  # by which a file may be shorter than its header says; an MP3 by two of its frames
ENDLESS = 0x7FFF0000  # bytes: what writes to a pipe puts this much or more for a length that it does not know yet
UNDECODABLE = (soundfile.SoundFileError, ValueError)  # ValueError: a length that a broken header makes negative

# libsndfile's log of a WAV, AIFF, AU, W64 or RF64 whose header promises more bytes than the file has
SHORTER = re.compile(r"^\s*(?:data|SSND|Data Size|riff|Riff size)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE)
SDS_FRAMES = re.compile(r"^Frames\s*:\s*(\d+)", re.MULTILINE)  # those that are there
NIST_HEADER, NIST_FRAMES = 1024, re.compile(rb"^sample_count -i (\d+)", re.MULTILINE)  # libsndfile does not compare it
# Of a VOC, and of an Ogg whose last page is torn. An Ogg cut between two pages, and an IRCAM, do not show it.
TORN = re.compile(r"^(?:Seems to be a truncated file\.|Ogg ?: Junk after the last page\.)", re.MULTILINE)


def check_promise(path: Path, file: soundfile.SoundFile) -> None:
    """Raises InputError where the header, or the log of opening the file, says that it was cut off."""
    for promised, found in _promises(path, file):
        if promised - found > forgiven(file):
            raise cut_off(path, promised / file.samplerate, found / file.samplerate)
    if TORN.search(file.extra_info):
        raise InputError(
            f"{path}: cut off: {file.frames / file.samplerate:.2f} s are there, and a torn part. Copy the file again, "
            "or export what is left."
        )


def check_end(path: Path, file: soundfile.SoundFile) -> None:
    """Looks whether the last samples that the header promises are there. Raises InputError where they are not."""
    near = max(0, file.frames - 1 - forgiven(file))
    try:
        file.seek(near)
        found = len(file.read(1))
    except UNDECODABLE:
        found = 0
    if not found:
        raise cut_off(path, file.frames / file.samplerate)


def forgiven(file: soundfile.SoundFile) -> int:
    """Frames that may lack."""
    return 2 * MP3_FRAME if file.format == "MP3" else round(FORGIVEN_S * file.samplerate)


def cut_off(path: Path, promised_s: float, found_s: float | None = None) -> InputError:
    """What to raise where the header promises more than is there."""
    there = "less is" if found_s is None else f"{found_s:.2f} s are"
    return InputError(
        f"{path}: cut off: its header promises {promised_s:.2f} s, {there} there. Copy the file again, or export what "
        "is left."
    )


def _promises(path: Path, file: soundfile.SoundFile) -> list[tuple[float, float]]:
    """Frames that are promised, and those that are there."""
    promises = [
        (int(promised) / max(1, int(found)) * file.frames, float(file.frames))
        for promised, found in SHORTER.findall(file.extra_info)
        if int(promised) < ENDLESS
    ]
    if file.format == "SDS" and (there := SDS_FRAMES.search(file.extra_info)):
        promises.append((file.frames, int(there[1])))
    if file.format == "NIST":
        with path.open("rb") as head:
            told = NIST_FRAMES.search(head.read(NIST_HEADER))
        promises += [(int(told[1]), file.frames)] if told else []
    return promises
