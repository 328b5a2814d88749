"""What is wrong with the files that a manifest names: audio and alignment of every utterance, opened once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from msftk.errors import AbsentError, MsftkError
from msftk.interfaces import Want
from msftk.preparation.engine import few_at_a_time, make_engine
from msftk.preparation.given import NO_ALIGNMENT, Given
from msftk.progress import Progress, ProgressCallback
from msftk.prosody.words import FORGIVEN_S
from msftk.settings import Settings
from msftk.speech.audio import check_channel, is_far_beyond_full_scale, load_utterance, segment_bounds
from msftk.speech.audio_file import AudioFacts, audio_facts
from msftk.store.audio import audio_sha256
from msftk.store.manifest import Manifest
from msftk.types import Utterance

SCALE_S = 3.0  # of floats that are heard, also where nothing else is decoded: enough to see their scale


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the files of one utterance came to; messages are None where nothing is wrong.

    `is_changed`: the audio is no longer what was hashed. `no_alignment`: the file that is not there; `is_unaligned`:
    nobody names one, or it lacks the utterance. `past_end_s`: by how much the last word ends after the audio.
    """

    missing: str | None = None
    unreadable: str | None = None
    audio: AudioFacts | None = None
    is_silent: bool = False
    is_far_too_loud: bool = False
    is_changed: bool = False
    no_transcript: bool = False
    no_alignment: str | None = None
    is_unaligned: bool = False
    bad_alignment: str | None = None
    is_wordless: bool = False
    past_end_s: float = 0.0


WRONG = tuple(fact.name for fact in fields(FileFacts) if fact.name != "audio")


class Examined:
    """The facts of many utterances, in columns: of what is well little is kept.

    `sample_rates_hz`, `channels` [n]: 0 where there is no audio that can be read. `wrong`: fact -> row -> its value.
    """

    def __init__(self, n: int) -> None:
        self.sample_rates_hz = np.zeros(n, np.int64)
        self.channels = np.zeros(n, np.int64)
        self.wrong: dict[str, dict[int, Any]] = {name: {} for name in WRONG}
        self.done = 0

    def take(self, row: int, facts: FileFacts) -> None:
        self.done += 1
        if facts.audio is not None:
            self.sample_rates_hz[row], self.channels[row] = facts.audio.sample_rate_hz, facts.audio.channels
        for name in WRONG:
            if value := getattr(facts, name):
                self.wrong[name][row] = value

    def rows_where(self, name: str) -> list[int]:
        """Rows, in order, whose fact `name` says that something is wrong."""
        return sorted(self.wrong[name])


def examine_files(
    manifest: Manifest, settings: Settings, *, decode: bool, workers: int | None, progress: ProgressCallback
) -> Examined:
    """Facts of every utterance's files. `decode`: all samples are read."""
    everyone = manifest.utterances
    examined = Examined(len(everyone))
    engine = make_engine(settings.engine, workers)
    work = ExamineFiles(decode, settings.alignment)
    for batch, found in engine.map(work, few_at_a_time(enumerate(everyone), len(everyone), engine.workers)):
        for place, (row, _) in enumerate(batch):
            examined.take(row, FileFacts(unreadable=str(found)) if isinstance(found, Exception) else found[place])
            progress(Progress("files", examined.done, len(everyone)))
    return examined


@dataclass(frozen=True)
class ExamineFiles:
    """Opens the files of some utterances."""

    decode: bool
    alignment: Mapping[str, object]  # options of its readers
    wants: ClassVar[Want] = "cpu-kernel"

    def __call__(self, batch: Sequence[tuple[int, Utterance]]) -> list[FileFacts]:
        return [self._examine(utterance) for _, utterance in batch]

    def _examine(self, utterance: Utterance) -> FileFacts:
        facts, duration_s = FileFacts(), utterance.duration_s
        if utterance.audio is not None and not utterance.audio.is_file():
            facts = FileFacts(missing=str(utterance.audio))
        elif utterance.audio is not None:
            try:
                audio = audio_facts(utterance.audio)
                first, last = segment_bounds(utterance.audio, audio.duration_s, utterance.start_s, utterance.end_s)
                duration_s = last - first
                check_channel(utterance.audio, audio.channels, utterance.channel)
                seconds = None if self.decode else SCALE_S
                heard = load_utterance(utterance, seconds) if self.decode or audio.is_float else None
                is_silent = self.decode and heard is not None and not np.any(heard)
                is_loud = heard is not None and is_far_beyond_full_scale(heard)
                is_changed = _is_changed(utterance.audio, utterance)
                facts = FileFacts(audio=audio, is_silent=is_silent, is_far_too_loud=is_loud, is_changed=is_changed)
            except MsftkError as error:
                facts = FileFacts(unreadable=str(error))
        return _with_words(facts, Given(utterance, self.alignment), duration_s)


def _with_words(facts: FileFacts, given: Given, duration_s: float | None) -> FileFacts:
    """Transcript and alignment, judged as preparation does."""
    try:
        _ = given.transcript
    except AbsentError:
        facts = replace(facts, no_transcript=True)
    path = given.utterance.alignment
    if path is not None and not path.is_file():
        return replace(facts, no_alignment=str(path))
    try:
        ends = given.alignment.words.end_s[given.alignment.words.spoken]
    except AbsentError as error:
        return replace(facts, is_unaligned=str(error) == NO_ALIGNMENT, bad_alignment=given.warnings.get("alignment"))
    past_s = float(ends.max() - duration_s) if len(ends) and duration_s is not None else 0.0
    return replace(facts, is_wordless=len(ends) == 0, past_end_s=past_s if past_s > FORGIVEN_S else 0.0)


def _is_changed(path: Path, utterance: Utterance) -> bool:
    known = utterance.audio_sha256
    return known is not None and audio_sha256(path, known, utterance.audio_stamp) != known
