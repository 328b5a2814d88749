"""How words and phones with times become an `Alignment`, and what in them is speech."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from msftk.errors import AbsentError, InputError
from msftk.files import unreadable
from msftk.registry import registry
from msftk.types import Alignment, Tier, Utterance

# Whole labels that are not speech, whatever their case:
UNSPOKEN = frozenset(
    {
        "",  # Praat and MFA: an empty interval
        "sil", "sp", "spn", "nsn",  # HTK, Kaldi, MFA: silence, short pause, spoken and other noise
        "h#", "pau", "epi",  # TIMIT: edges, pause, epenthetic silence
        "_", "_:", "#",  # MBROLA and eSpeak, Prosogram: pauses
    }
)  # fmt: skip
# ... and every label in brackets or between plus signs: <s> </s> <sil> <eps> <unk> <p:>, [x] [laughter], {LG},
# (breath), ++UM++ +NSN+ (Kaldi, WebMAUS, Buckeye, Sphinx). A bare "um" or "silence" is a word that was said.
UNSPOKEN_FORM = re.compile(r"<.*>|\[.*\]|\{.*\}|\(.*\)|\+.+\+")

MICROSECONDS = 1e6  # times are compared after rounding to whole microseconds
OVERLAP = "no overlap"
MAX_OVERLAP_S = 0.25  # neighbours may share a phone: up to 0.149 s in TIMIT; more is no shared phone


@lru_cache(maxsize=65_536)  # a corpus has the same few words and phones everywhere
def is_spoken(label: str) -> bool:
    """False for silence, filler and noise (`UNSPOKEN`, `UNSPOKEN_FORM`); blanks around a label do not count."""
    label = label.strip()
    return label.lower() not in UNSPOKEN and UNSPOKEN_FORM.fullmatch(label) is None


def make_tier(start_s: Sequence[float], end_s: Sequence[float], labels: Sequence[str]) -> Tier:
    """Columns of equal length -> `Tier`, silences, fillers and noises marked as not spoken."""
    return Tier(
        np.asarray(start_s, dtype=np.float64),
        np.asarray(end_s, dtype=np.float64),
        tuple(label.strip() for label in labels),
        np.array([is_spoken(label) for label in labels], dtype=np.bool_),
    )


def make_alignment(words: Tier, phones: Tier, source: str) -> Alignment:
    """Checks both tiers and joins them; `source` (a file, or a file and an id) begins every message.

    Neighbours may leave gaps, and overlap by a phone that they share (TIMIT). Broken is an interval that has no or
    negative length, starts before its predecessor, ends before its predecessor's end, or overlaps it by more than
    `MAX_OVERLAP_S`. Nothing reads silences, fillers and noises: where one is broken, they are left out of its tier.

    Raises:
        InputError: as above, or a time that is negative or not finite.
    """
    return Alignment(_sound_tier(words, "word", source), _sound_tier(phones, "phone", source), source)


def read_alignment(
    path: Path,
    utterance_id: str | None = None,
    reader: str | None = None,
    options: Mapping[str, object] | None = None,
) -> Alignment:
    """Words and phones of one utterance, by the reader whose suffix is the longest that `path` ends with.

    `utterance_id` chooses from a table of many utterances; `reader` names an alignment reader whatever the suffix;
    `options` are that reader's, e.g. {"phone_tier": "phone"}.

    Raises:
        InputError: no such file, no reader for it, or what the reader finds wrong.
        AbsentError: the table does not hold this utterance.
    """
    try:
        is_file = path.is_file()
    except OSError as error:
        raise unreadable(path, error) from error
    if not is_file:
        raise InputError(f"{path}: no such file. Check the path of the alignment.")
    return _reader(reader or reader_name(path), tuple((options or {}).items())).read(path, utterance_id)  # type: ignore[no-any-return]


def utterance_alignment(utterance: Utterance, options: Mapping[str, object] | None = None) -> Alignment:
    """The alignment of an utterance of a corpus, whose files may need different readers.

    Of `options` (`settings.alignment`) each reader takes those that it has. Raises AbsentError where there is no
    alignment, else as `read_alignment`.
    """
    if utterance.alignment is None:
        raise AbsentError("no alignment")
    return read_alignment(utterance.alignment, utterance.id, options=fitting(utterance.alignment, options or {}))


def fitting(path: Path, options: Mapping[str, object]) -> dict[str, object]:
    """Those of `options` that the reader of this file has."""
    if not options:
        return {}
    known = registry().get("alignment-reader", reader_name(path)).load().Options.model_fields
    return {name: value for name, value in options.items() if name in known}


@dataclass(frozen=True, slots=True)
class Claim:
    """An ending of file names, in lower case, and the alignment reader that reads such files."""

    suffix: str
    reader: str


def claim(name: str) -> Claim | None:
    """Whose file this is by the end of its name, in any case; the longest ending wins."""
    fitting = [one for one in _claims() if name.lower().endswith(one.suffix)]
    return max(fitting, key=lambda one: len(one.suffix), default=None)


def reader_name(path: Path) -> str:
    """Name of the alignment reader that claims the end of this file name."""
    found = claim(path.name)
    if found is None:
        known = ", ".join(sorted(one.suffix for one in _claims()))
        raise InputError(f"{path}: no alignment reader for this file name. Readers are installed for: {known}.")
    return found.reader


@cache
def _claims() -> tuple[Claim, ...]:
    readers = registry().plugins("alignment-reader")
    return tuple(Claim(suffix, plugin.name) for plugin in readers for suffix in plugin.load().suffixes)


@cache
def _reader(name: str, options: tuple[tuple[str, object], ...]) -> Any:
    return registry().create("alignment-reader", name, dict(options))


def _sound_tier(tier: Tier, what: str, source: str) -> Tier:
    """The tier, without its silences if one is broken. Raises InputError that names what else is, counted from 1."""
    if _first_broken(tier) is None:
        return tier
    kept = np.flatnonzero(tier.spoken)
    spoken = Tier(tier.start_s[kept], tier.end_s[kept], tuple(tier.labels[i] for i in kept), tier.spoken[kept])
    broken = _first_broken(spoken)
    if broken is None:
        return spoken
    place, fault = broken
    here = f"{source}: {what} {kept[place] + 1} {_interval(spoken, place)}"
    if fault == OVERLAP:
        raise InputError(
            f"{here} overlaps its predecessor {_interval(spoken, place - 1)}: expected {what}s in order that share at "
            f"most {MAX_OVERLAP_S:g} s. Correct their times."
        )
    raise InputError(f"{here}: expected {fault}. Correct its times.")


def _first_broken(tier: Tier) -> tuple[int, str] | None:
    """Place of the first interval that is broken, and what was expected of it."""
    with np.errstate(over="ignore"):  # a time that no float holds in microseconds is not finite
        start_us, end_us = times_us = np.round(np.stack([tier.start_s, tier.end_s]) * MICROSECONDS)
    placed = (np.isfinite(times_us) & (times_us >= 0)).all(axis=0)
    if not placed.all():
        return int(np.argmin(placed)), "times from 0 s"
    if (end_us <= start_us).any():
        return int(np.argmax(end_us <= start_us)), "its end after its start"
    disordered = (start_us[1:] < start_us[:-1]) | (end_us[1:] < end_us[:-1])
    apart = disordered | (end_us[:-1] - start_us[1:] > MAX_OVERLAP_S * MICROSECONDS)
    return (int(np.argmax(apart)) + 1, OVERLAP) if apart.any() else None


def _interval(tier: Tier, place: int) -> str:
    return f"'{tier.labels[place]}' ({tier.start_s[place]:g} to {tier.end_s[place]:g} s)"
