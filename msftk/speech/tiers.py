"""What the readers of alignment files share: text in any Unicode form, and tiers found by name."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path

from msftk.errors import InputError, did_you_mean
from msftk.types import Tier

BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
WORD_FLAG, PHONE_FLAG = "--word-tier", "--phone-tier"


def read_text(path: Path) -> str:
    """The whole text of a file in UTF-8 or UTF-16, with or without byte order mark (Praat writes all of these).

    Every line ends in a line feed.

    Raises:
        InputError: the file cannot be read, or is neither.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}). Check the path of the alignment.") from error
    try:
        return raw.decode(encoding_of(raw)).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}:{line}: neither UTF-8 nor UTF-16 text. Save it as UTF-8 (in Praat: Text writing preferences)."
        ) from error


def encoding_of(raw: bytes) -> str:
    """Name of the encoding by its byte order mark, else by where the zero byte of the first character stands."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if raw.startswith(mark):
            return encoding
    if raw[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if raw[:1] == b"\0" else "utf-8"


def choose_tier(path: Path, tiers: Mapping[str, Tier], wanted: str, flag: str) -> Tier:
    """The tier called `wanted` in any case, else the only one called "SPEAKER - wanted" (MFA).

    Raises:
        InputError: there is none, with the names found; `flag` is the option that names another.
    """
    for name, tier in tiers.items():
        if name.strip().lower() == wanted.lower():
            return tier
    of_speakers = [name for name in tiers if name.lower().endswith(f" - {wanted.lower()}")]
    if len(of_speakers) == 1:
        return tiers[of_speakers[0]]
    found = ", ".join(f"'{name}'" for name in tiers) or "none"
    near = did_you_mean(wanted, tiers).removeprefix("Did you mean '").removesuffix("'? ")
    raise InputError(
        f"{path}: no tier named '{wanted}' (found: {found}). "
        f"Name the tier with {flag} {near or 'NAME'}, or rename it in the file; for a corpus "
        f"--set alignment.{flag.strip('-').replace('-', '_')}={near or 'NAME'}."
    )
