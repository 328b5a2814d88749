"""Corpus tree -> manifest: every audio file opened and hashed, what cannot be used listed and left out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from msftk.errors import InputError
from msftk.files import sha256_file
from msftk.interfaces import CorpusReading
from msftk.progress import Progress, ProgressCallback, silent
from msftk.registry import registry
from msftk.speech.audio import AudioFacts, audio_facts, segment_bounds
from msftk.store.manifest import AudioStamp, Manifest, read_manifest, write_manifest
from msftk.types import Utterance


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """What one split holds; `split` is None for utterances that belong to none."""

    split: str | None
    utterances: int
    hours: float
    speakers: int
    with_transcript: int
    with_alignment: int
    with_ratings: int


@dataclass(frozen=True, slots=True)
class PrepareResult:
    """The manifest as written, what was left out and why, and counts by split."""

    manifest: Manifest
    problems: tuple[str, ...]
    counts: tuple[SplitCounts, ...]


@dataclass(frozen=True, slots=True)
class _Audio:
    facts: AudioFacts
    stamp: AudioStamp
    sha256: str


def prepare(
    corpus: str,
    root: Path | None,
    out: Path,
    *,
    options: Mapping[str, object] | None = None,
    verify: bool = False,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> PrepareResult:
    """Reads a corpus by its adapter and writes its manifest to `out`.

    A file that `out` knows already is hashed again only if its size or time changed; `verify` hashes all. An utterance
    whose audio cannot be opened, or whose segment is not inside it, is a problem and left out.

    Raises:
        InputError: unknown corpus or option, no root, no utterance left, or what the adapter cannot read at all.
    """
    adapter = registry().create("corpus", corpus, options)
    if root is None and getattr(adapter, "needs_root", True):
        raise InputError(f"corpus '{corpus}' needs a ROOT. Give its folder or table: msftk prepare {corpus} ROOT ...")
    reading: CorpusReading = adapter.read((root or Path()).absolute())
    known = {} if verify else _known_hashes(out)
    files = list(dict.fromkeys(utterance.audio for utterance in reading.utterances if utterance.audio is not None))
    examined = _examine(files, known, workers, progress or silent)

    problems = list(reading.problems)
    utterances = []
    for utterance in reading.utterances:
        try:
            utterances.append(_complete(utterance, examined))
        except InputError as error:
            problems.append(f"{utterance.id}: {error}")
    if not utterances:
        raise InputError(
            f"{root or corpus}: no utterance can be used, {len(problems)} cannot. "
            + (f"The first: {problems[0]}" if problems else "Give a corpus that holds some.")
        )
    stamps = {u.id: found.stamp for u in utterances if u.audio and isinstance(found := examined[u.audio], _Audio)}
    place = {} if root is None else {"root": str(root.absolute())}
    left_out = {"left out": str(len(problems))} if problems else {}
    manifest = Manifest(reading.name, reading.scale, tuple(utterances), {**reading.facts, **place, **left_out}, stamps)
    write_manifest(manifest, out)
    return PrepareResult(manifest, tuple(problems), count_splits(manifest))


def count_splits(manifest: Manifest) -> tuple[SplitCounts, ...]:
    """Counts of each split in the manifest's order, then of the utterances without split."""
    groups: list[tuple[str | None, Sequence[Utterance]]] = [(name, manifest.split(name)) for name in manifest.splits]
    if rest := [utterance for utterance in manifest.utterances if utterance.split is None]:
        groups.append((None, rest))
    return tuple(_count(name, utterances) for name, utterances in groups)


def _count(split: str | None, utterances: Sequence[Utterance]) -> SplitCounts:
    return SplitCounts(
        split,
        utterances=len(utterances),
        hours=sum(utterance.duration_s or 0.0 for utterance in utterances) / 3600,
        speakers=len({utterance.speaker for utterance in utterances} - {None}),
        with_transcript=sum(utterance.transcript is not None for utterance in utterances),
        with_alignment=sum(utterance.alignment is not None for utterance in utterances),
        with_ratings=sum(utterance.ratings is not None for utterance in utterances),
    )


def _known_hashes(out: Path) -> dict[tuple[Path, AudioStamp], str]:
    """Hashes in the manifest that stands at `out`, if there is one that can be read."""
    try:
        old = read_manifest(out)
    except InputError:
        return {}
    hashed = [(u, old.stamps[u.id]) for u in old.utterances if u.id in old.stamps]
    return {(u.audio, stamp): u.audio_sha256 for u, stamp in hashed if u.audio and u.audio_sha256}


def _examine(
    files: Sequence[Path], known: Mapping[tuple[Path, AudioStamp], str], workers: int | None, progress: ProgressCallback
) -> dict[Path, _Audio | InputError]:
    """Header and hash of each file by worker threads: hashing and reading release the GIL."""

    def examine(path: Path) -> _Audio | InputError:
        try:
            facts = audio_facts(path)
            stamp = AudioStamp.of(path)  # before hashing: a file that changes meanwhile is hashed again next time
            return _Audio(facts, stamp, known.get((path.absolute(), stamp)) or sha256_file(path))
        except InputError as error:
            return error

    examined: dict[Path, _Audio | InputError] = {}
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        results: Iterable[_Audio | InputError] = pool.map(examine, files)
        for done, (path, found) in enumerate(zip(files, results, strict=True), start=1):
            examined[path] = found
            progress(Progress("audio", done, len(files)))
    return examined


def _complete(utterance: Utterance, examined: Mapping[Path, _Audio | InputError]) -> Utterance:
    """The utterance with absolute paths, length and hash. Raises InputError if its audio or segment is unusable."""
    if utterance.audio is None:
        return utterance
    found = examined[utterance.audio]
    if isinstance(found, InputError):
        raise found
    first, last = segment_bounds(utterance.audio, found.facts.duration_s, utterance.start_s, utterance.end_s)
    return replace(
        utterance,
        audio=utterance.audio.absolute(),
        alignment=None if utterance.alignment is None else utterance.alignment.absolute(),
        duration_s=last - first,
        audio_sha256=found.sha256,
    )
