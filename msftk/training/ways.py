"""What to do with a corpus that cannot be split as asked: a way that works for what it holds."""

from __future__ import annotations

from collections.abc import Sequence

from msftk.store.columns import chosen, is_rated, values_of
from msftk.types import Utterance

PARTS = 3  # train, dev, test: so many groups of speakers or sessions are kept apart


def folds_that_work(utterances: Sequence[Utterance]) -> list[str]:
    """Kinds of folds for which every utterance has a group, there are enough groups, and no speaker is in two."""
    speakers = values_of(utterances, "speaker")
    working = []
    for kind in ("session", "speaker"):
        groups = values_of(utterances, kind)
        is_shared = share_speakers(speakers, groups)
        if None not in groups and len(set(groups)) >= PARTS and not is_shared:
            working.append(kind)
    return working


def share_speakers(speakers: Sequence[str | None], groups: Sequence[object]) -> bool:
    """Whether a known speaker [n] is in two groups [n]."""
    known = {(one, group) for one, group in zip(speakers, groups, strict=True) if one is not None}
    return len({one for one, _ in known}) < len(known)


def other_way(utterances: Sequence[Utterance]) -> str:
    """The remedy of an error: the corpus' own splits, folds, or splits that its table must name."""
    splits = values_of(chosen(utterances, is_rated(utterances)), "split")
    if {"train", "dev"} <= set(splits):
        return "Leave out --folds: the corpus has splits of its own."
    if kinds := folds_that_work(utterances):
        return f"Give the manifest that split, or use {' or '.join(f'--folds {kind}' for kind in kinds)}."
    written = "Write train, dev and test into a column 'split' of the corpus' table and prepare it again"
    speakers = set(values_of(utterances, "speaker")) - {None}
    too_few = "; its speakers are too few to keep apart, so train with --allow-overlap"
    return written + (too_few if 0 < len(speakers) < PARTS else "") + "."


def apart(speakers: Sequence[set[str]]) -> str:
    """The remedy where parts of a corpus (their `speakers`) share some."""
    if len(set().union(*speakers)) < len(speakers):
        return "The speakers are too few to keep apart: train with --allow-overlap (the card then says so)."
    return "Make the splits speaker-disjoint, or allow it with --allow-overlap (the card then says so)."
