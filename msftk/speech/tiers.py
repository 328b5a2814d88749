"""What the readers of alignment files share: tiers found by name, and times as numbers."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import Field

from msftk import interfaces
from msftk.errors import InputError, did_you_mean
from msftk.speech.alignment import make_alignment, make_tier
from msftk.types import Alignment, Tier

WORD_FLAG, PHONE_FLAG = "--word-tier", "--phone-tier"


class TierOptions(interfaces.Options):
    """The options of every reader of files with named tiers."""

    word_tier: str = Field("words", description="name of the tier of words")
    phone_tier: str = Field("phones", description='name of the tier of phones, "" if the file has none')


def tier_alignment(path: Path, tiers: Mapping[str, Tier], options: TierOptions) -> Alignment:
    """Words and phones out of the tiers of a file, by name in any case, or as the only "SPEAKER - words" (MFA).

    The phones are those of the words' speaker. A file of words alone has no phones, unless the user named their tier.

    Raises:
        InputError: no such tier, with those found and the option that names another; or what `make_alignment` refuses.
    """
    name = _find(path, tiers, options.word_tier, WORD_FLAG, tiers)
    speaker, dash, _ = name.rpartition(" - ")
    wanted = options.phone_tier
    if not wanted or (len(tiers) == 1 and "phone_tier" not in options.model_fields_set):
        return make_alignment(tiers[name], make_tier((), (), ()), str(path))
    if f"{speaker}{dash}{wanted}" in tiers:
        wanted = f"{speaker}{dash}{wanted}"
    phones = tiers[_find(path, tiers, wanted, PHONE_FLAG, tiers.keys() - {name})]
    return make_alignment(tiers[name], phones, str(path))


def seconds(value: object) -> float | None:
    """A number of JSON as seconds; None for anything else, and for one that no float holds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _find(path: Path, tiers: Mapping[str, Tier], wanted: str, flag: str, likely: Iterable[str]) -> str:
    """Name of the tier; an error suggests the nearest of those that are `likely`."""
    for name in tiers:
        if name.strip().lower() == wanted.lower():
            return name
    of_speakers = [name for name in tiers if name.lower().endswith(f" - {wanted.lower()}")]
    if len(of_speakers) == 1:
        return of_speakers[0]
    found = ", ".join(f"'{name}'" for name in tiers) or "none"
    near = did_you_mean(wanted, sorted(likely)).removeprefix("Did you mean '").removesuffix("'? ")
    other = shlex.quote(next(iter(of_speakers), near or ("" if flag == PHONE_FLAG else next(iter(tiers), ""))))
    option = f"--set alignment.{flag.strip('-').replace('-', '_')}={other}"
    if not tiers:
        remedy = "Align again, or give another file."
    elif other == "''":
        remedy = f'Read it without phones by {flag} "", for a corpus by {option}.'
    else:
        remedy = f"Name the tier with {flag} {other}, or rename it in the file; for a corpus {option}."
    raise InputError(f"{path}: no tier named '{wanted}' (found: {found}). {remedy}")
