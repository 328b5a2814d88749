"""Checks of a manifest by itself: splits, speakers, the same sound twice, ratings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from msftk.doctor.findings import Finding, first_of
from msftk.errors import InputError
from msftk.evaluation.scores import ratings_of
from msftk.store.manifest import Manifest
from msftk.training.folds import fixed_split, folds, speakers_of
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
    parts = Counter(u.split for u in manifest.utterances)
    if None in parts and len(parts) > 1:
        yield Finding("note", "splits", f"{parts[None]} utterances belong to no split and are not used")
    try:
        split = fixed_split(manifest.utterances, allow_overlap=True)
    except InputError as error:
        possible = [kind for kind in ("session", "speaker") if _folds_work(manifest, kind)]
        if parts.keys() == {None} and possible:
            ways = " or ".join(f"--folds {kind}" for kind in possible)
            yield Finding("note", "splits", "no splits: train in folds", f"Train with {ways}.")
        else:
            yield Finding("error", "splits", str(error))
        return
    for name, part in (("train", split.train), ("dev", split.dev), *split.tests.items()):
        n = sum(u.ratings is not None for u in part)
        if 0 < n < FEW:
            yield Finding("warning", "splits", f"{name} has {n} rated utterances: a CCC on so few is mostly chance")
    if not split.tests:
        yield Finding(
            "warning",
            "splits",
            "no test split: dev selects and is scored",
            "Hold out a split named test, or use folds.",
        )


def _folds_work(manifest: Manifest, kind: str) -> bool:
    try:
        return bool(folds(manifest.utterances, kind))
    except InputError:
        return False


def _speakers(manifest: Manifest) -> Iterator[Finding]:
    parts = {name: manifest.split(name) for name in manifest.splits}
    scored = [name for name in parts if name == "dev" or name.startswith("test")]
    pairs = [("train", name) for name in scored if "train" in parts] + [
        ("dev", name) for name in scored if name != "dev" and "dev" in parts
    ]
    for first, second in pairs:
        if shared := speakers_of(parts[first]) & speakers_of(parts[second]):
            yield Finding(
                "error",
                "speakers",
                f"{len(shared)} speakers are in both {first} and {second}: the score would reward knowing the voice",
                "Make the splits speaker-disjoint, or train with --allow-overlap, which the card then says.",
                first_of(shared),
            )
    with_audio = [u for u in manifest.utterances if u.audio is not None]
    unknown = [u for u in with_audio if u.speaker is None]
    if unknown:
        yield Finding(
            "warning",
            "speakers",
            f"{len(unknown)} of {len(with_audio)} utterances have no known speaker: overlap cannot be seen, "
            "and each is its own cluster in the intervals",
            "Name the speakers, or use the corpus' official splits.",
            first_of(u.id for u in unknown),
        )


def _same_audio(utterances: Sequence[Utterance]) -> Iterator[Finding]:
    """The same sound under two ids: in two splits it is a leak."""
    same: dict[tuple[object, ...], list[Utterance]] = {}
    for u in utterances:
        if u.audio_sha256 is not None:
            same.setdefault((u.audio_sha256, u.start_s, u.end_s, u.channel), []).append(u)
    groups = [group for group in same.values() if len(group) > 1]
    leaks = [group for group in groups if len({u.split for u in group}) > 1]
    for level, found, what in (
        ("error", leaks, "stand in two splits: the score would reward memory"),
        ("warning", [group for group in groups if group not in leaks], "stand there under several ids"),
    ):
        if found:
            yield Finding(
                level,  # type: ignore[arg-type]
                "same audio",
                f"{len(found)} recordings {what}",
                "Keep one of each.",
                first_of(" = ".join(u.id for u in group) for group in found),
            )


def _ratings(manifest: Manifest) -> Iterator[Finding]:
    splits = manifest.splits
    trained = manifest.split("train") if "train" in splits else list(manifest.utterances)
    values, width = ratings_of(trained), manifest.scale.high - manifest.scale.low
    for place, attribute in enumerate(ATTRIBUTES):
        given = values[:, place][~np.isnan(values[:, place])]
        if not len(given) or np.ptp(given) == 0:
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
    unrated = [u.id for u in manifest.utterances if u.ratings is None]
    if unrated and len(unrated) < len(manifest.utterances):
        yield Finding("note", "ratings", f"{len(unrated)} utterances are unrated", examples=first_of(unrated))
