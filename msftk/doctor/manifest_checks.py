"""Checks of a manifest by itself: splits, speakers, the same sound twice, ratings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from msftk.counting import counted
from msftk.doctor.findings import Finding, Level, first_of
from msftk.errors import InputError
from msftk.evaluation.scores import ratings_of
from msftk.store.columns import given, ids_of, is_rated, part, values_of
from msftk.store.manifest import Manifest
from msftk.training.folds import fixed_split, speakers_of
from msftk.training.ways import folds_that_work
from msftk.types import ATTRIBUTES, Utterance

FEW = 30  # a CCC on fewer utterances is mostly chance
NARROW = 0.25  # of the scale: ratings that use less are perhaps on another scale


def check_manifest(manifest: Manifest) -> Iterator[Finding]:
    """What the table itself tells: parts of the corpus, splits, speakers, shared audio, ratings."""
    if missing := manifest.facts.get("missing"):
        yield Finding("warning", "corpus", f"not found: {missing}", "Complete the corpus, then prepare again.")
    yield from _splits(manifest)
    yield from _speakers(manifest)
    yield from _same_audio(manifest.utterances)
    yield from _ratings(manifest)


def _splits(manifest: Manifest) -> Iterator[Finding]:
    """Whether `msftk train` accepts the corpus: its own splits, else folds."""
    parts = Counter(values_of(manifest.utterances, "split"))
    if None in parts and len(parts) > 1:
        many = "utterances belong to no split and are not used"
        text = counted(parts[None], "utterance belongs to no split and is not used", many)
        yield Finding("note", "splits", text)
    try:
        split = fixed_split(manifest.utterances, allow_overlap=True)
    except InputError as error:
        possible = folds_that_work(manifest.utterances)
        if parts.keys() == {None} and possible:
            ways = " or ".join(f"--folds {kind}" for kind in possible)
            yield Finding("note", "splits", "no splits: train in folds", f"Train with {ways}.")
        else:
            yield Finding("error", "splits", str(error))
        return
    for name, members in (("train", split.train), ("dev", split.dev), *split.tests.items()):
        n = int(is_rated(members).sum())
        if 0 < n < FEW:
            text = f"{name} has {counted(n, 'rated utterance')}: a CCC on so few is mostly chance"
            yield Finding("warning", "splits", text)
    if not split.tests:
        yield Finding(
            "warning",
            "splits",
            "no test split: dev selects and is scored",
            "Hold out a split named test, or use folds.",
        )


def _speakers(manifest: Manifest) -> Iterator[Finding]:
    parts = {name: manifest.split(name) for name in manifest.splits}
    scored = [name for name in parts if name == "dev" or name.startswith("test")]
    pairs = [("train", name) for name in scored if "train" in parts] + [
        ("dev", name) for name in scored if name != "dev" and "dev" in parts
    ]
    known, n_apart = speakers_of(manifest.utterances), len({name for pair in pairs for name in pair})
    if 0 < len(known) < n_apart:
        yield Finding(
            "warning",
            "speakers",
            f"{counted(len(known), 'speaker')} in {n_apart} splits, too few to keep apart: scores are of known voices",
            "Train with --allow-overlap, which the card then says.",
            first_of(known),
        )
    for first, second in pairs if len(known) >= n_apart else []:
        if shared := speakers_of(parts[first]) & speakers_of(parts[second]):
            yield Finding(
                "error",
                "speakers",
                f"{counted(len(shared), 'speaker is', 'speakers are')} in both {first} and {second}: "
                "the score would reward knowing the voice",
                "Make the splits speaker-disjoint, or train with --allow-overlap, which the card then says.",
                first_of(shared),
            )
    has_audio = given(manifest.utterances, "audio")
    unknown = np.flatnonzero(has_audio & ~given(manifest.utterances, "speaker"))
    if len(unknown):
        have = "has no known speaker" if len(unknown) == 1 else "have no known speaker"
        yield Finding(
            "warning",
            "speakers",
            f"{len(unknown)} of {counted(int(has_audio.sum()), 'utterance')} {have}: overlap cannot be seen, "
            "and each is its own cluster in the intervals",
            "Name the speakers, or use the corpus' official splits.",
            first_of(ids_of(part(manifest.utterances, unknown))),
        )


def _same_audio(utterances: Sequence[Utterance]) -> Iterator[Finding]:
    """The same sound under two ids: in two splits it is a leak."""
    ids, splits = ids_of(utterances), values_of(utterances, "split")
    groups = _groups_of_one_sound(utterances)
    leaks = [group for group in groups if len({splits[row] for row in group}) > 1]
    within = [group for group in groups if len({splits[row] for row in group}) == 1]
    levels: tuple[tuple[Level, list[list[int]], str], ...] = (
        ("error", leaks, "in two splits: the score would reward memory"),
        ("warning", within, "there under several ids"),
    )
    for level, found, where in levels:
        if found:
            yield Finding(
                level,
                "same audio",
                f"{counted(len(found), 'recording stands', 'recordings stand')} {where}",
                "Keep one of each.",
                first_of(" = ".join(ids[row] for row in group) for group in found),
            )


def _groups_of_one_sound(utterances: Sequence[Utterance]) -> list[list[int]]:
    """Rows of utterances whose sound another one has too. Few do: only those whose key's hash occurs twice are kept."""
    names = ("audio_sha256", "start_s", "end_s", "channel")
    keys = [*zip(*(values_of(utterances, name) for name in names), strict=True)]
    _, place, counts = np.unique(np.fromiter(map(hash, keys), np.int64), return_inverse=True, return_counts=True)
    same: dict[tuple[object, ...], list[int]] = {}
    for row in np.flatnonzero(counts[place] > 1):
        if keys[row][0] is not None:
            same.setdefault(keys[row], []).append(int(row))
    return [group for group in same.values() if len(group) > 1]


def _ratings(manifest: Manifest) -> Iterator[Finding]:
    splits = manifest.splits
    trained = manifest.split("train") if "train" in splits else manifest.utterances
    values, width = ratings_of(trained), manifest.scale.high - manifest.scale.low
    for place, attribute in enumerate(ATTRIBUTES):
        given = values[:, place][~np.isnan(values[:, place])]
        if not len(given) and not np.isnan(values).all():
            where = "train" if "train" in splits else "the corpus"
            yield Finding(
                "warning",
                "ratings",
                f"{attribute} is nowhere rated in {where}: it is not predicted",
                f"Where there are ratings of {attribute}, correct the column that they are read from.",
            )
        elif not len(given) or np.ptp(given) == 0:
            what = "nowhere rated" if not len(given) else f"{given[0]:g} everywhere"
            yield Finding(
                "error",
                "ratings",
                f"{attribute} is {what} in {'train' if 'train' in splits else 'the corpus'}: nothing can be learned",
                f"Give ratings of {attribute}, or correct the column that they are read from.",
            )
        elif np.ptp(given) < NARROW * width:
            yield Finding(
                "warning",
                "ratings",
                f"{attribute} lies within {given.min():g} to {given.max():g} on a scale of {manifest.scale}",
                "Check the scale: prepare with the ends that the raters saw.",
            )
    everyone, scale = ratings_of(manifest.utterances), manifest.scale
    for attribute, given_ratings in zip(ATTRIBUTES, everyone.T, strict=True):
        off = np.flatnonzero((given_ratings < scale.low) | (given_ratings > scale.high))
        if len(off):
            found = f"from {np.nanmin(given_ratings):g} to {np.nanmax(given_ratings):g} for {attribute}"
            are = counted(len(off), "utterance is", "utterances are")
            yield Finding(
                "error",
                "ratings",
                f"{are} rated outside the scale {scale}, {found}",
                "Name the ends that the raters saw, and prepare again.",
                first_of(ids_of(part(manifest.utterances, off))),
            )
    unrated = np.flatnonzero(~is_rated(manifest.utterances))
    if 0 < len(unrated) < len(manifest.utterances):
        text = counted(len(unrated), "utterance is unrated", "utterances are unrated")
        yield Finding("note", "ratings", text, examples=first_of(ids_of(part(manifest.utterances, unrated))))
