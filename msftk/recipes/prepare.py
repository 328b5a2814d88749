"""Corpus tree -> manifest: every audio file opened and hashed, what cannot be used listed and left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from msftk.errors import InputError, MsftkError
from msftk.files import check_name, sha256_file
from msftk.interfaces import CorpusReading, Want
from msftk.preparation.engine import make_engine
from msftk.progress import Progress, ProgressCallback, silent
from msftk.recipes.table_file import check_out
from msftk.registry import registry
from msftk.speech.audio import segment_bounds
from msftk.speech.audio_file import AudioFacts, audio_facts
from msftk.store.columns import chosen, given, is_rated, values_of
from msftk.store.manifest import Manifest, read_manifest, write_manifest
from msftk.types import AudioStamp, Utterance


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
class Audio:
    """An audio file as it was examined."""

    facts: AudioFacts
    stamp: AudioStamp
    sha256: str


def prepare(
    corpus: str,
    root: str | Path | None,
    out: str | Path,
    *,
    options: Mapping[str, object] | None = None,
    verify: bool = False,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> PrepareResult:
    """Reads a corpus by its adapter and writes its manifest to `out`.

    A file that `out` knows already is hashed again only if its size or time changed; `verify` hashes all. Raises as
    `read_corpus`, and InputError for an `out` that is no .parquet or cannot be written.
    """
    root, out = None if root is None else Path(root), Path(out)
    check_out(out, (".parquet",))
    known = {} if verify else _known_hashes(out)
    result = read_corpus(corpus, root, options=options, known=known, workers=workers, progress=progress)
    write_manifest(result.manifest, out)
    return result


def read_corpus(
    corpus: str,
    root: Path | None,
    *,
    options: Mapping[str, object] | None = None,
    known: Mapping[tuple[Path, AudioStamp], str] | None = None,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> PrepareResult:
    """The manifest of a corpus, read by its adapter. An utterance whose audio cannot be opened, or whose segment is not
    inside it, is a problem and left out.

    Args:
        known: hashes of audio files as they were: what has the same size and time is not hashed again.
    Raises:
        InputError: unknown corpus or option, no root, no utterance left, or what the adapter cannot read at all.
    """
    adapter = registry().create("corpus", corpus, options)
    if root is None and adapter.needs_root:
        raise InputError(f"corpus '{corpus}' needs a ROOT. Give its folder or table: msftk prepare {corpus} ROOT ...")
    reading: CorpusReading = adapter.read((root or Path()).absolute())
    read = [replace(one, audio=one.audio.absolute()) if one.audio else one for one in reading.utterances]
    files = list(dict.fromkeys(utterance.audio for utterance in read if utterance.audio is not None))
    examined = _examine_all(files, known or {}, workers, progress or silent)

    problems = list(reading.problems)
    utterances = []
    for utterance in read:
        try:
            utterances.append(_complete(utterance, examined))
        except MsftkError as error:
            problems.append(str(MsftkError(f"{utterance.id}: {error}")))  # its text can be shown whatever the id is
    if not utterances:
        raise InputError(
            f"{root or corpus}: no utterance can be used, {len(problems)} cannot. "
            + (f"The first: {problems[0]}" if problems else "Give a corpus that holds some.")
        )
    place = {} if root is None else {"root": str(root.absolute())}
    left_out = {"left out": str(len(problems))} if problems else {}
    manifest = Manifest(reading.name, reading.scale, tuple(utterances), {**reading.facts, **place, **left_out})
    return PrepareResult(manifest, tuple(problems), count_splits(manifest))


def count_splits(manifest: Manifest) -> tuple[SplitCounts, ...]:
    """Counts of each split in the manifest's order, then of the utterances without split."""
    everyone = manifest.utterances
    groups: list[tuple[str | None, Sequence[Utterance]]] = [(name, manifest.split(name)) for name in manifest.splits]
    if len(rest := chosen(everyone, ~given(everyone, "split"))):
        groups.append((None, rest))
    return tuple(_count(name, utterances) for name, utterances in groups)


def _count(split: str | None, utterances: Sequence[Utterance]) -> SplitCounts:
    return SplitCounts(
        split,
        utterances=len(utterances),
        hours=sum(length_s or 0.0 for length_s in values_of(utterances, "duration_s")) / 3600,
        speakers=len(set(values_of(utterances, "speaker")) - {None}),
        with_transcript=int(given(utterances, "transcript").sum()),
        with_alignment=int(given(utterances, "alignment").sum()),
        with_ratings=int(is_rated(utterances).sum()),
    )


def _known_hashes(out: Path) -> dict[tuple[Path, AudioStamp], str]:
    """Hashes in the manifest that stands at `out`, if there is one that can be read."""
    try:
        old = read_manifest(out)
    except InputError:
        return {}
    return {
        (u.audio, u.audio_stamp): u.audio_sha256 for u in old.utterances if u.audio and u.audio_stamp and u.audio_sha256
    }


@dataclass(frozen=True)
class Examine:
    """Header, stamp and hash of an audio file: `Examine(known)(path)`. `known`: hashes of files as they were."""

    known: Mapping[tuple[Path, AudioStamp], str]
    wants: ClassVar[Want] = "cpu-kernel"

    def __call__(self, path: Path) -> Audio:
        facts = audio_facts(path)
        stamp = AudioStamp.of(path)  # before hashing: a file that changes meanwhile is hashed again next time
        return Audio(facts, stamp, self.known.get((path.absolute(), stamp)) or sha256_file(path))


def _examine_all(
    files: Sequence[Path], known: Mapping[tuple[Path, AudioStamp], str], workers: int | None, progress: ProgressCallback
) -> dict[Path, Audio | Exception]:
    examined: dict[Path, Audio | Exception] = {}
    for path, found in make_engine(workers=workers).map(Examine(known), files):
        examined[path] = found
        progress(Progress("audio", len(examined), len(files)))
    return examined


def _complete(utterance: Utterance, examined: Mapping[Path, Audio | Exception]) -> Utterance:
    """The utterance with absolute paths, length and hash. Raises MsftkError if its audio or segment is unusable."""
    check_name(utterance.audio or utterance.id, utterance.id, utterance.alignment)
    if utterance.audio is None:
        return utterance
    found = examined[utterance.audio]
    if isinstance(found, Exception):
        raise found if isinstance(found, MsftkError) else MsftkError(f"{type(found).__name__}: {found}")
    first, last = segment_bounds(utterance.audio, found.facts.duration_s, utterance.start_s, utterance.end_s)
    return replace(
        utterance,
        alignment=None if utterance.alignment is None else utterance.alignment.absolute(),
        duration_s=last - first,
        audio_sha256=found.sha256,
        audio_stamp=found.stamp,
    )
