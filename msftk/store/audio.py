"""What an audio file is known by: the hash of all of it, as it is now."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from msftk.files import sha256_file
from msftk.types import AudioStamp


def audio_sha256(path: Path, known: str | None = None, stamp: AudioStamp | None = None) -> str:
    """Hash of an audio file: the one that is `known` from when it looked like `stamp`, if it still does.

    Another size or time alone proves nothing: then the file is hashed, as it is where nobody did before. A file that is
    gone, or that nobody stamped, counts as unchanged: what is stored of it stays of use, and who opens it will say so.

    Raises InputError where the file must be hashed and cannot be read.
    """
    if known is not None and stamp is None:
        return known
    try:
        now = AudioStamp.of(path)
    except (OSError, ValueError):
        return known or sha256_file(path)
    return known if known is not None and now == stamp else _hash(path, now)


@lru_cache(maxsize=1024)
def _hash(path: Path, stamp: AudioStamp) -> str:
    """Once for all the segments of a file."""
    return sha256_file(path)
