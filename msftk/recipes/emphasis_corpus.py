"""Which words are stressed in every utterance of a corpus: a streamed job that an interruption costs little."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msftk.counting import counted
from msftk.errors import InputError, MsftkError
from msftk.files import ends_writing, lock, unwritable, writing
from msftk.preparation.absences import Absences
from msftk.preparation.extract import Preparation
from msftk.progress import Progress, ProgressCallback, silent
from msftk.prosody.stress import scorer_settings
from msftk.recipes.emphasis_table import FORMAT_VERSION, RowLog, write_table
from msftk.recipes.emphasis_work import Done, Emphasise, duration_s, groups_of
from msftk.recipes.table_file import check_out
from msftk.settings import Settings
from msftk.store.columns import ids_of, take
from msftk.store.features import Store, default_store_path
from msftk.store.keys import digest
from msftk.store.manifest import Manifest, read_manifest


@dataclass(frozen=True)
class EmphasisTable:
    """What became of a corpus: the table, its size, and whom it lacks.

    `aligned`: aligner -> how many utterances it found the words of, where no alignment was given.
    `absent`: reason -> ids of utterances that have no emphasis; `warnings`: id -> message, where something is there and
    cannot be used; `failures`: id -> message. `n_found` utterances were taken from an earlier, interrupted run.
    `audio_s` of audio were computed in `wall_s`.
    """

    path: Path
    n_utterances: int
    n_words: int
    aligned: Mapping[str, int]
    absent: Mapping[str, tuple[str, ...]]
    warnings: Mapping[str, str]
    failures: Mapping[str, str]
    n_found: int
    audio_s: float
    wall_s: float


def emphasise_corpus(
    manifest: Manifest | str | Path,
    out: str | Path,
    *,
    settings: Settings,
    store: Store | str | Path | None = None,
    workers: int | None = None,
    shard: str | None = None,
    progress: ProgressCallback = silent,
) -> EmphasisTable:
    """Emphasis of every utterance, written to `out` (`check_out`) in manifest order, one row a word.

    Columns: id, index, those of `emphasis_json`, in_segment. Utterances go through the engine, the longest first. The
    rows of each are appended to a log beside `out` as soon as they are there; a run that was interrupted or killed
    takes up those of the same content and settings. F0 is read from the store, else computed and put there. A bad
    utterance is collected and the others are done; one without an alignment that can be used is `absent`. The table
    takes its name only when it is whole; then the log is removed.

    Args:
        manifest: a manifest or its path.
        store: a store, its folder, or None for the default folder.
        shard: "i/n" does the i-th of n parts of the corpus.
        progress: told in whole seconds of audio.
    Raises:
        InputError: no utterance could be done, `out` cannot be written, an option that does not exist.
        MsftkError: another job writes `out`, or the disk is full.
    """
    out = Path(out)
    check_out(out)
    if not isinstance(store, Store):
        store = Store(default_store_path(store))
    if not isinstance(manifest, Manifest):
        store.serve(manifest)
        manifest = read_manifest(manifest)
    manifest = manifest.shard(shard)
    chosen = settings.model_copy(update={"semantics": ()})
    preparation = Preparation(chosen, store, needs=("emphasis",), workers=workers)
    with lock(out, "Wait for it to end, or choose another place with --out."):
        return _emphasise(manifest, out, preparation, progress)


def _emphasise(manifest: Manifest, out: Path, preparation: Preparation, progress: ProgressCallback) -> EmphasisTable:
    folder = out.parent / f".{out.name}.parts"
    scorer = preparation.parts.named["emphasis"]
    with writing(out):
        log = RowLog(folder / digest([FORMAT_VERSION, scorer.hash])[:16])
    utterances = manifest.utterances
    durations_s = [duration_s(utterance) for utterance in utterances]
    outcomes = _Outcomes(progress, sum(durations_s))
    places = groups_of(durations_s, preparation.engine.workers)
    preparation.align(utterances, progress)
    groups = (list(zip(group, take(utterances, group), strict=True)) for group in places)
    try:
        for group, found in preparation.engine.map(Emphasise(preparation, log), groups):
            if isinstance(found, Exception):
                raise found
            for (place, _), done in zip(group, found, strict=True):
                if isinstance(done, OSError) and ends_writing(done) and str(folder) in str(done.filename or folder):
                    raise unwritable(out, done)
                preparation.check_written(done)
                outcomes.take(place, done)
            outcomes.report(sum(durations_s[place] for place, _ in group))
    finally:
        with writing(out):
            log.flush()
        preparation.flush()
    if not outcomes.done:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError(
            f"{manifest.corpus}: none of {counted(len(utterances), 'utterance')} could be done, so {out} is not "
            f"written. {outcomes.first_trouble()}"
        )
    keys = [outcomes.done[place] for place in sorted(outcomes.done)]
    about = {
        "corpus": manifest.corpus,
        "settings": scorer_settings(scorer.component),
        "f0": dict(preparation.parts.f0.producer),
        **({"aligner": dict(preparation.parts.aligner.producer)} if preparation.parts.aligner else {}),
        "facts": dict(manifest.facts),
    }
    with writing(out):
        n_words = write_table(out, log.merged(keys), about, folder)
    shutil.rmtree(folder, ignore_errors=True)
    return outcomes.table(out, n_words, ids_of(utterances))


class _Outcomes:
    """What became of the utterances so far, by their place in the manifest, and how fast it goes."""

    def __init__(self, progress: ProgressCallback, total_s: float) -> None:
        self.done: dict[int, str] = {}  # place -> key of its rows
        self.reasons: dict[int, str] = {}
        self.aligned: Counter[str] = Counter()
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
                self.aligned.update([done.aligner] if done.aligner else [])
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

    def table(self, out: Path, n_words: int, ids: Sequence[str]) -> EmphasisTable:
        absences = Absences()
        for place in sorted(self.reasons):
            absences.add("emphasis", self.reasons[place], ids[place])
        return EmphasisTable(
            out,
            len(self.done),
            n_words,
            dict(self.aligned),
            absences.ids("emphasis"),
            {ids[place]: self.warnings[place] for place in sorted(self.warnings)},
            {ids[place]: self.failures[place] for place in sorted(self.failures)},
            self.n_found,
            self.computed_s,
            time.monotonic() - self.begun,
        )
