"""What is wrong with the files that a manifest names: audio and alignment of every utterance, opened once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from msftk.errors import MsftkError
from msftk.files import sha256_file
from msftk.progress import Progress, ProgressCallback
from msftk.speech.alignment import utterance_alignment
from msftk.speech.audio import EDGE_TOLERANCE_S, AudioFacts, audio_facts, load_utterance, segment_bounds
from msftk.store.manifest import AudioStamp, Manifest
from msftk.types import Utterance


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the files of one utterance came to; messages are None where nothing is wrong.

    `past_end_s`: by how much the last word ends after the audio. `is_changed`: the audio is no longer what was hashed.
    """

    missing: str | None = None
    unreadable: str | None = None
    audio: AudioFacts | None = None
    is_silent: bool = False
    is_changed: bool = False
    no_alignment: str | None = None
    bad_alignment: str | None = None
    n_words: int | None = None
    past_end_s: float = 0.0


def examine_files(
    manifest: Manifest,
    *,
    decode: bool,
    alignment: Mapping[str, object],
    workers: int | None,
    progress: ProgressCallback,
) -> dict[str, FileFacts]:
    """Facts of every utterance's files by id. `decode`: all samples are read; `alignment`: options of its readers."""
    examined: dict[str, FileFacts] = {}
    work = partial(_examine, manifest, decode, alignment)
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        for done, (utterance, facts) in enumerate(
            zip(manifest.utterances, pool.map(work, manifest.utterances), strict=True), 1
        ):
            examined[utterance.id] = facts
            progress(Progress("files", done, len(manifest.utterances)))
    return examined


def _examine(manifest: Manifest, decode: bool, alignment: Mapping[str, object], utterance: Utterance) -> FileFacts:
    audio, is_silent, is_changed = None, False, False
    missing, unreadable, duration_s = None, None, utterance.duration_s
    if utterance.audio is not None and not utterance.audio.is_file():
        missing = str(utterance.audio)
    elif utterance.audio is not None:
        try:
            audio = audio_facts(utterance.audio)
            first, last = segment_bounds(utterance.audio, audio.duration_s, utterance.start_s, utterance.end_s)
            duration_s = last - first
            is_silent = decode and not np.any(load_utterance(utterance))
            is_changed = _is_changed(utterance.audio, manifest.stamps.get(utterance.id), utterance.audio_sha256)
        except MsftkError as error:
            unreadable = str(error)
    facts = FileFacts(missing, unreadable, audio, is_silent, is_changed)
    return _with_alignment(facts, utterance, duration_s, alignment) if utterance.alignment else facts


def _with_alignment(
    facts: FileFacts, utterance: Utterance, duration_s: float | None, options: Mapping[str, object]
) -> FileFacts:
    if utterance.alignment and not utterance.alignment.is_file():
        return replace(facts, no_alignment=str(utterance.alignment))
    try:
        read = utterance_alignment(utterance, options)
    except MsftkError as error:
        return replace(facts, bad_alignment=str(error))
    ends = read.words.end_s[read.words.spoken]
    past_s = float(ends.max() - duration_s) if len(ends) and duration_s is not None else 0.0
    return replace(facts, n_words=len(ends), past_end_s=past_s if past_s > EDGE_TOLERANCE_S else 0.0)


def _is_changed(path: Path, stamp: AudioStamp | None, sha256: str | None) -> bool:
    """Another size or time alone proves nothing: then the file is hashed."""
    if stamp is None or sha256 is None or AudioStamp.of(path) == stamp:
        return False
    return sha256_file(path) != sha256


def ids_where(examined: Mapping[str, FileFacts], utterances: Sequence[Utterance], name: str) -> list[str]:
    """Ids, in order, whose fact `name` says that something is wrong."""
    return [u.id for u in utterances if getattr(examined[u.id], name)]
