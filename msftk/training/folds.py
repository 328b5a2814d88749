"""Which utterances train, select and test: splits of a corpus, or folds by session or speaker with an inner dev."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import overload
from urllib.parse import quote

import numpy as np

from msftk.counting import counted
from msftk.errors import InputError, UnknownNameError
from msftk.store.columns import chosen, ids_of, is_rated, part, values_of
from msftk.training.ways import apart, other_way, share_speakers
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
    belongs = np.array([split or "none" for split in values_of(utterances, "split")], object)
    rated = is_rated(utterances)
    sizes = Counter(belongs)
    for name in ("train", "dev") if need_dev else ("train",):
        if not np.any((belongs == name) & rated):
            found = ", ".join(f"{split} ({n})" for split, n in sorted(sizes.items()))
            raise InputError(
                f"split '{name}' has no rated utterance. Splits found: {found or 'none'}. {other_way(utterances)}"
            )
    train = chosen(utterances, (belongs == "train") & rated)
    own = {
        name: chosen(utterances, belongs == name)
        for name in ("dev", *sorted(sizes))
        if name == "dev" or name.startswith("test")
    }
    split = Split("fixed", train, own.pop("dev"), own)
    if not allow_overlap:
        refuse_overlap(split)
    return split


def folds(utterances: Sequence[Utterance], kind: str, *, inner_dev: bool = True, allow_overlap: bool = False) -> Folds:
    """Folds with an inner, speaker-disjoint dev: every utterance tests once and selects once, never in the same fold.

    Without `inner_dev` (a fixed number of epochs, nothing to select) that part trains too.

    Args:
        kind: "session": session k tests, the next one (cyclic) is dev; "speaker": one speaker tests, the next one
            (sorted, cyclic) is dev; "speaker:K": sorted speakers in K consecutive groups, the next group is dev.
    Raises:
        InputError: an utterance without session or speaker, fewer than three groups, or speakers in two groups.
    """
    by, n_groups = _parse(kind)
    values = values_of(utterances, by)
    if None in values:
        lacking = [one for one, value in zip(ids_of(utterances), values, strict=True) if value is None]
        some = "Give each one, or leave out of the manifest what has none."
        raise InputError(
            f"--folds {kind}: {counted(len(lacking), 'utterance has', 'utterances have')} no {by} "
            f"({', '.join(lacking[:3])}{', ...' if len(lacking) > 3 else ''}). "
            f"{some if len(lacking) < len(values) else other_way(utterances)}"
        )
    labels = sorted(set(values))
    fewest = 3 if inner_dev else 2
    if len(labels) < fewest:
        raise InputError(
            f"--folds {kind}: found {counted(len(labels), f'{by} group')} ({', '.join(labels) or 'none'}), expected "
            f"at least {fewest}: one tests{', one selects' if inner_dev else ''}, the rest train. "
            f"{other_way(utterances)}"
        )
    groups = [[label] for label in labels] if n_groups is None else _consecutive(labels, n_groups, kind)
    group_of = {label: k for k, group in enumerate(groups) for label in group}
    made = Folds(utterances, groups, [group_of[value] for value in values], inner_dev)
    made.refuse_unrated(kind)
    if not allow_overlap and made.share_speakers:
        for split in made:
            refuse_overlap(split)
    return made


class Folds(Sequence[Split]):
    """One split a group, in which it tests, the next one (cyclic) is dev if there is an inner dev, and the rated of
    all others train. Each is made when it is asked for: hundreds of speakers are hundreds of folds."""

    def __init__(
        self, utterances: Sequence[Utterance], groups: Sequence[Sequence[str]], places: Sequence[int], inner_dev: bool
    ) -> None:
        self.utterances = utterances
        self.groups = groups
        self.inner_dev = inner_dev
        self._place = np.array(places, np.int32)  # group of each utterance
        self._rated = is_rated(utterances)
        self._order = np.argsort(self._place, kind="stable")  # group by group

    def __len__(self) -> int:
        return len(self.groups)

    @overload
    def __getitem__(self, k: int) -> Split: ...
    @overload
    def __getitem__(self, k: slice) -> list[Split]: ...
    def __getitem__(self, k: int | slice) -> Split | list[Split]:
        if isinstance(k, slice):
            return [self[one] for one in range(*k.indices(len(self)))]
        k = range(len(self))[k]
        group = self.groups[k]
        inner = self._inner(k)
        trains = self._rated & (self._place != k) & (self._place != inner)
        train = part(self.utterances, self._order[trains[self._order]])
        dev = () if inner is None else self._members(inner)
        # quoted: the name is a folder's, and a speaker may be called "a/b"
        name = quote("+".join(dict.fromkeys((group[0], group[-1]))), safe="+ ")
        return Split(name, train, dev, {"test": self._members(k)})

    @property
    def share_speakers(self) -> bool:
        """Whether a known speaker is in two groups."""
        return share_speakers(values_of(self.utterances, "speaker"), self._place.tolist())

    def refuse_unrated(self, kind: str) -> None:
        """Raises InputError for the first fold with nothing rated to train on, or to select on."""
        n_rated = np.bincount(self._place[self._rated], minlength=len(self)).tolist()
        for k in range(len(self)):
            inner = self._inner(k)
            n_dev = None if inner is None else n_rated[inner]
            for name, n in (("training", sum(n_rated) - n_rated[k] - (n_dev or 0)), ("dev", n_dev)):
                if n == 0:
                    raise InputError(
                        f"--folds {kind}, fold {self[k].name}: no rated utterance in its {name} part. "
                        "Rate some, or use fewer, larger groups."
                    )

    def _inner(self, k: int) -> int | None:
        """The group that is dev while group k tests."""
        return (k + 1) % len(self.groups) if self.inner_dev else None

    def _members(self, k: int) -> Sequence[Utterance]:
        return part(self.utterances, np.flatnonzero(self._place == k))


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
                f"{counted(len(shared), 'speaker is', 'speakers are')} in both {first} and {second}: {names}. "
                f"{apart([train, dev, *tests.values()])}"
            )


def speakers_of(utterances: Sequence[Utterance]) -> set[str]:
    """Known speakers; an unknown one cannot be checked for overlap."""
    return set(values_of(utterances, "speaker")) - {None}


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
            f"--folds {kind}: found {counted(len(labels), 'speaker')}, expected at least {n_groups}. Use fewer groups."
        )
    bounds = [round(k * len(labels) / n_groups) for k in range(n_groups + 1)]
    return [labels[start:end] for start, end in pairwise(bounds)]
