"""Which words are stressed in every utterance of a corpus: a streamed job that an interruption costs little."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from msftk.errors import AbsentError, InputError, MsftkError
from msftk.files import is_full, lock
from msftk.interfaces import Want
from msftk.preparation.absences import Absences
from msftk.preparation.extract import Preparation
from msftk.preparation.material import Material
from msftk.progress import Progress, ProgressCallback, silent
from msftk.prosody.stress import scorer_settings
from msftk.recipes.emphasis_table import FORMAT_VERSION, RowLog, utterance_rows, write_table
from msftk.settings import Settings
from msftk.speech.audio_file import audio_facts
from msftk.store.features import Store, default_store_path
from msftk.store.keys import digest
from msftk.store.manifest import Manifest, read_manifest
from msftk.types import SAMPLE_RATE_HZ, Utterance

GROUP_S = 300.0  # audio of one group at most
GROUPS_A_WORKER = 8  # of a small corpus, so that no worker waits long for another at the end


@dataclass(frozen=True)
class EmphasisTable:
    """What became of a corpus: the table, its size, and whom it lacks.

    `absent`: reason -> ids of utterances that have no emphasis; `warnings`: id -> message, where something is there and
    cannot be used; `failures`: id -> message. `n_found` utterances were taken from an earlier, interrupted run.
    `audio_s` of audio were computed in `wall_s`.
    """

    path: Path
    n_utterances: int
    n_words: int
    absent: Mapping[str, tuple[str, ...]]
    warnings: Mapping[str, str]
    failures: Mapping[str, str]
    n_found: int
    audio_s: float
    wall_s: float


def emphasise_corpus(
    manifest: Manifest | Path,
    out: Path,
    *,
    settings: Settings,
    store: Store | Path | None = None,
    workers: int | None = None,
    progress: ProgressCallback = silent,
) -> EmphasisTable:
    """Emphasis of every utterance, written to `out` (Parquet) in manifest order, one row a word.

    Columns: id, index, those of `emphasis_json`, in_segment. Utterances go through the engine, the longest first. The
    rows of each are appended to a log beside `out` as soon as they are there; a run that was interrupted or killed
    takes up those of the same content and settings. F0 is read from the store, else computed and put there. A bad
    utterance is collected and the others are done; one without an alignment that can be used is `absent`. The table
    takes its name only when it is whole; then the log is removed.

    Args:
        manifest: a manifest or its path.
        store: a store, its folder, or None for the default folder.
        progress: told in whole seconds of audio.
    Raises:
        InputError: no utterance could be done, `out` cannot be written, an option that does not exist.
        MsftkError: another job writes `out`, or the disk is full.
    """
    if isinstance(manifest, Path):
        manifest = read_manifest(manifest)
    if not isinstance(store, Store):
        store = Store(default_store_path(store))
    chosen = settings.model_copy(update={"semantics": ()})
    preparation = Preparation(chosen, store, needs=("emphasis",), workers=workers)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with lock(out.parent / f".{out.name}.lock", "Wait for it to end, or choose another place with --out."):
            return _emphasise(manifest, out, preparation, progress)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror}). Choose another place with --out.") from error


def _emphasise(manifest: Manifest, out: Path, preparation: Preparation, progress: ProgressCallback) -> EmphasisTable:
    folder = out.parent / f".{out.name}.parts"
    scorer = preparation.parts.named["emphasis"]
    log = RowLog(folder / digest([FORMAT_VERSION, scorer.hash])[:16])
    utterances = manifest.utterances
    durations_s = [_duration_s(utterance) for utterance in utterances]
    outcomes = _Outcomes(progress, sum(durations_s))
    groups = ([(i, utterances[i]) for i in group] for group in _groups(durations_s, preparation.engine.workers))
    try:
        for group, found in preparation.engine.map(Emphasise(preparation, log), groups):
            if isinstance(found, Exception):
                raise found
            for (place, _), done in zip(group, found, strict=True):
                if is_full(done):
                    raise MsftkError(
                        f"{out}: its rows cannot be written ({done}). Make room, and run the same command again. "
                        "Finished utterances are kept."
                    )
                outcomes.take(place, done)
            outcomes.report(sum(durations_s[place] for place, _ in group))
    finally:
        log.flush()
        preparation.flush()
    if not outcomes.done:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError(
            f"{manifest.corpus}: none of {len(utterances)} utterances could be done, so {out} is not written. "
            f"{outcomes.first_trouble()}"
        )
    keys = [outcomes.done[place] for place in sorted(outcomes.done)]
    about = {
        "corpus": manifest.corpus,
        "settings": scorer_settings(scorer.component),
        "f0": dict(preparation.parts.f0.producer),
        "facts": dict(manifest.facts),
    }
    n_words = write_table(out, log.merged(keys), about, folder)
    shutil.rmtree(folder, ignore_errors=True)
    return outcomes.table(out, n_words, utterances)


class Done(NamedTuple):
    """The key of an utterance's rows, or the reason why it has none; `found`: an earlier run left them."""

    key: str | None
    reason: str | None = None
    warnings: Mapping[str, str] = MappingProxyType({})
    found: bool = False
    audio_s: float = 0.0


@dataclass(frozen=True)
class Emphasise:
    """Finds the emphasis of a group of utterances and appends the rows of each to the log.

    Step after step over the whole group: after F0 no other step finds its code and data in the cache.
    """

    preparation: Preparation
    log: RowLog
    wants: ClassVar[Want] = "cpu-kernel"

    def __call__(self, group: Sequence[tuple[int, Utterance]]) -> list[Done | Exception]:
        materials = [self.preparation.material(utterance) for _, utterance in group]
        done: dict[int, Done | Exception] = {}
        for step in (self._find, self._load, self._hear, self._score):
            for place, material in enumerate(materials):
                if place in done:
                    continue
                try:
                    if finished := step(material):
                        done[place] = finished
                except AbsentError as absent:
                    done[place] = Done(None, str(absent), material.warnings)
                except Exception as error:  # this utterance's; the others are done
                    done[place] = error
        return [done[place] for place in range(len(group))]

    def _find(self, material: Material) -> Done | None:
        key = material.key_of(("id", "emphasis"))
        return Done(key, found=True) if key in self.log else None

    def _load(self, material: Material) -> None:
        _ = material.fitting_alignment

    def _hear(self, material: Material) -> None:
        _ = material.f0_hz

    def _score(self, material: Material) -> Done:
        key = material.key_of(("id", "emphasis"))
        self.log.append(key, utterance_rows(material.utterance.id, material.emphasis))
        return Done(key, warnings=material.warnings, audio_s=len(material.waveform) / SAMPLE_RATE_HZ)


class _Outcomes:
    """What became of the utterances so far, by their place in the manifest, and how fast it goes."""

    def __init__(self, progress: ProgressCallback, total_s: float) -> None:
        self.done: dict[int, str] = {}  # place -> key of its rows
        self.reasons: dict[int, str] = {}
        self.warnings: dict[int, str] = {}
        self.failures: dict[int, str] = {}
        self.n_found = 0
        self.progress, self.total_s = progress, total_s
        self.begun = time.monotonic()
        self.done_s = self.computed_s = 0.0

    def take(self, place: int, done: Done | Exception) -> None:
        if isinstance(done, Exception):
            self.failures[place] = str(done) if isinstance(done, MsftkError) else f"{type(done).__name__}: {done}"
        else:
            if done.key is not None:
                self.done[place] = done.key
            if done.reason is not None:
                self.reasons[place] = done.reason
            if done.warnings:
                self.warnings[place] = " ".join(done.warnings.values())
            self.n_found += done.found
            self.computed_s += done.audio_s

    def report(self, duration_s: float) -> None:
        self.done_s += duration_s
        speed = self.computed_s / max(time.monotonic() - self.begun, 1e-9)
        note = f"{speed:.0f} s of audio a second" + (f", {len(self.failures)} failed" if self.failures else "")
        self.progress(Progress("emphasis, s of audio", round(self.done_s), round(self.total_s), note))

    def first_trouble(self) -> str:
        """Why nothing could be done."""
        for troubles in (self.failures, self.warnings):
            if troubles:
                return troubles[min(troubles)]
        return "None of its utterances has an alignment."

    def table(self, out: Path, n_words: int, utterances: Sequence[Utterance]) -> EmphasisTable:
        absences = Absences()
        for place in sorted(self.reasons):
            absences.add("emphasis", self.reasons[place], utterances[place].id)
        return EmphasisTable(
            out,
            len(self.done),
            n_words,
            absences.ids("emphasis"),
            {utterances[place].id: self.warnings[place] for place in sorted(self.warnings)},
            {utterances[place].id: self.failures[place] for place in sorted(self.failures)},
            self.n_found,
            self.computed_s,
            time.monotonic() - self.begun,
        )


def _groups(durations_s: Sequence[float], workers: int) -> Iterator[tuple[int, ...]]:
    """Places in the manifest, longest first, in groups of at most `GROUP_S`, smaller in a small corpus."""
    limit_s = min(GROUP_S, sum(durations_s) / (workers * GROUPS_A_WORKER))
    group: list[int] = []
    group_s = 0.0
    for place in sorted(range(len(durations_s)), key=lambda i: -durations_s[i]):
        if group and group_s + durations_s[place] > limit_s:
            yield tuple(group)
            group, group_s = [], 0.0
        group.append(place)
        group_s += durations_s[place]
    if group:
        yield tuple(group)


def _duration_s(utterance: Utterance) -> float:
    """As the manifest tells it, else as the audio's header does; 0 where neither can."""
    if utterance.duration_s is not None:
        return utterance.duration_s
    if utterance.start_s is not None and utterance.end_s is not None:
        return utterance.end_s - utterance.start_s
    try:
        return audio_facts(utterance.audio).duration_s if utterance.audio else 0.0
    except MsftkError:  # whoever loads it says why
        return 0.0
