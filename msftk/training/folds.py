"""Which utterances train, select and test: splits of a corpus, or folds by session or speaker with an inner dev."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote

from msftk.errors import InputError, UnknownNameError
from msftk.store.columns import chosen
from msftk.types import Utterance


@dataclass(frozen=True)
class Split:
    """One model's data. `tests`: name -> utterances that are scored and neither train nor select."""

    name: str
    train: Sequence[Utterance]
    dev: Sequence[Utterance]
    tests: Mapping[str, Sequence[Utterance]]


def fixed_split(utterances: Sequence[Utterance], *, need_dev: bool = True, allow_overlap: bool = False) -> Split:
    """The corpus' own splits: train, dev, and every split whose name starts with "test".

    Unrated utterances of train are left out (they teach nothing); splits of other names are not used.
    Raises InputError for an empty split, and for speakers that train and are scored (unless `allow_overlap`).
    """
    belongs: list[str] = []
    rated: list[bool] = []
    for utterance in utterances:
        belongs.append(utterance.split or "none")
        rated.append(bool(utterance.ratings))
    sizes = Counter(belongs)
    for name in ("train", "dev") if need_dev else ("train",):
        if (name, True) not in zip(belongs, rated, strict=True):
            found = ", ".join(f"{split} ({n})" for split, n in sorted(sizes.items()))
            raise InputError(
                f"split '{name}' has no rated utterance. Splits found: {found or 'none'}. "
                "Give the manifest that split, or use --folds session or --folds speaker."
            )
    train = chosen(utterances, [name == "train" and is_rated for name, is_rated in zip(belongs, rated, strict=True)])
    own = {
        name: chosen(utterances, [one == name for one in belongs])
        for name in ("dev", *sorted(sizes))
        if name == "dev" or name.startswith("test")
    }
    split = Split("fixed", train, own.pop("dev"), own)
    if not allow_overlap:
        refuse_overlap(split)
    return split


def folds(
    utterances: Sequence[Utterance], kind: str, *, inner_dev: bool = True, allow_overlap: bool = False
) -> list[Split]:
    """Folds with an inner, speaker-disjoint dev: every utterance tests once and selects once, never in the same fold.

    Without `inner_dev` (a fixed number of epochs, nothing to select) that part trains too.

    Args:
        kind: "session": session k tests, the next one (cyclic) is dev; "speaker": one speaker tests, the next one
            (sorted, cyclic) is dev; "speaker:K": sorted speakers in K consecutive groups, the next group is dev.
    Raises:
        InputError: an utterance without session or speaker, fewer than three groups, or speakers in two groups.
    """
    by, n_groups = _parse(kind)
    lacking = [u.id for u in utterances if getattr(u, by) is None]
    if lacking:
        raise InputError(
            f"--folds {kind}: {len(lacking)} utterances have no {by} ({', '.join(lacking[:3])}"
            f"{', ...' if len(lacking) > 3 else ''}). Give them one, or leave them out of the manifest."
        )
    labels = sorted({str(getattr(u, by)) for u in utterances})
    groups = [[label] for label in labels] if n_groups is None else _consecutive(labels, n_groups, kind)
    fewest = 3 if inner_dev else 2
    if len(groups) < fewest:
        raise InputError(
            f"--folds {kind}: found {len(groups)} {by} group(s) ({', '.join(labels) or 'none'}), expected at least "
            f"{fewest}: one tests{', one selects' if inner_dev else ''}, the rest train. Use the corpus' fixed splits."
        )
    members = [tuple(u for u in utterances if str(getattr(u, by)) in group) for group in groups]
    made = []
    for k, group in enumerate(groups):
        inner = (k + 1) % len(groups) if inner_dev else None
        train = tuple(u for j, part in enumerate(members) if j not in (k, inner) for u in part if u.ratings)
        dev = members[inner] if inner is not None else ()
        # quoted: the name is a folder's, and a speaker may be called "a/b"
        split = Split(
            quote("+".join(dict.fromkeys((group[0], group[-1]))), safe="+ "), train, dev, {"test": members[k]}
        )
        for part, rated in (("training", train), ("dev", [u for u in dev if u.ratings])):
            if not rated and (part == "training" or inner_dev):
                raise InputError(
                    f"--folds {kind}, fold {split.name}: no rated utterance in its {part} part. "
                    f"Rate some, or use fewer, larger groups."
                )
        if not allow_overlap:
            refuse_overlap(split)
        made.append(split)
    return made


def refuse_overlap(split: Split) -> None:
    """Raises InputError where a speaker is in two parts of `split`: the score would reward knowing the voice.

    Test sets may share speakers with each other (those of MSP-Podcast do), not with train or dev.
    """
    tests = {name: speakers_of(members) for name, members in split.tests.items()}
    train, dev = speakers_of(split.train), speakers_of(split.dev)
    pairs = [("train", "dev", train & dev)]
    pairs += [
        (part, name, own & other) for name, other in tests.items() for part, own in (("train", train), ("dev", dev))
    ]
    for first, second, shared in pairs:
        if shared:
            names = ", ".join(sorted(shared)[:5]) + (", ..." if len(shared) > 5 else "")
            raise InputError(
                f"{len(shared)} speaker(s) are in both {first} and {second}: {names}. "
                "Make the splits speaker-disjoint, or allow it with --allow-overlap (the card then says so)."
            )


def speakers_of(utterances: Iterable[Utterance]) -> set[str]:
    """Known speakers; an unknown one cannot be checked for overlap."""
    return {u.speaker for u in utterances if u.speaker is not None}


def _parse(kind: str) -> tuple[str, int | None]:
    by, colon, count = kind.partition(":")
    if by not in ("session", "speaker") or (colon and (by != "speaker" or not count.isdigit() or int(count) < 3)):
        raise UnknownNameError(
            f"unknown folds '{kind}'. Known: session, speaker, speaker:K with K of at least 3, e.g. speaker:5."
        )
    return by, int(count) if colon else None


def _consecutive(labels: list[str], n_groups: int, kind: str) -> list[list[str]]:
    if len(labels) < n_groups:
        raise InputError(
            f"--folds {kind}: found {len(labels)} speakers, expected at least {n_groups}. Use fewer groups."
        )
    bounds = [round(k * len(labels) / n_groups) for k in range(n_groups + 1)]
    return [labels[start:end] for start, end in pairwise(bounds)]
