"""Which words are stressed in every utterance of a corpus: a streamed job that an interruption costs little."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msftk.errors import AbsentError, InputError, MsftkError
from msftk.interfaces import EmphasisScorer
from msftk.preparation.engine import make_engine
from msftk.preparation.f0 import StoredF0, audio_key
from msftk.preparation.parts import f0_part, make_part
from msftk.progress import Progress, ProgressCallback, silent
from msftk.prosody.stress import emphasis_ragged, scorer_settings
from msftk.prosody.words import check_utterance
from msftk.recipes.emphasis_table import FORMAT_VERSION, Parts, Rows, rows_table, write_table
from msftk.settings import Settings
from msftk.speech.alignment import utterance_alignment
from msftk.speech.audio import audio_facts, load_utterance
from msftk.store.features import Store, default_store_path
from msftk.store.keys import alignment_digest, content_key, digest
from msftk.store.manifest import Manifest, read_manifest
from msftk.types import SAMPLE_RATE_HZ, Alignment, Float32, Float64, Utterance

GROUP_S = 300.0  # audio of one part at most: what a kill can cost each worker
GROUPS_A_WORKER = 8  # of a small corpus, so that no worker waits long for another at the end


@dataclass(frozen=True)
class EmphasisTable:
    """What became of a corpus: the table, its size, ids without alignment, and who failed (id -> message).

    `n_found` utterances were taken from the parts of an earlier, interrupted run. `audio_s` of audio were computed in
    `wall_s`.
    """

    path: Path
    n_utterances: int
    n_words: int
    absent: tuple[str, ...]
    failures: dict[str, str]
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

    Columns: id, index, those of `emphasis_json`, in_segment. Groups of utterances go through the engine, the longest
    first, so that decoding, F0 and writing overlap and memory stays flat. Each finished group is a part file beside
    `out`; a run that was interrupted or killed takes up the parts of the same content and settings. F0 is read from the
    store, else computed and put there. A bad utterance is collected and the others are done; one without an alignment
    is `absent`. The table takes its name only when it is whole; then the parts are removed.

    Args:
        manifest: a manifest or its path.
        store: a store, its folder, or None for the default folder.
        progress: told in whole seconds of audio.
    Raises:
        InputError: no utterance could be done, `out` cannot be written, an option that does not exist.
    """
    if isinstance(manifest, Path):
        manifest = read_manifest(manifest)
    if not isinstance(store, Store):
        store = Store(default_store_path(store))
    engine = make_engine(settings.engine, workers)
    folder = out.parent / f".{out.name}.parts"
    job = _Job(settings, store, folder, out)
    durations_s = [_duration_s(utterance) for utterance in manifest.utterances]
    groups = _groups(durations_s, workers or engine.workers)
    report = _Reporter(progress, sum(durations_s))
    utterances = manifest.utterances
    outcomes = _Outcomes()
    with job.f0.shelf:
        for group, result in engine.map(lambda group: job.work([utterances[i] for i in group]), groups):
            if isinstance(result, OSError):
                raise MsftkError(
                    f"{out}: a part cannot be written ({result.strerror}). Make room, and run the same command again. "
                    "Finished parts are kept."
                ) from result
            if isinstance(result, Exception):
                raise result
            outcomes.take(group, result)
            report(sum(durations_s[i] for i in group), result, len(outcomes.failed))
    if not outcomes.done:
        shutil.rmtree(folder, ignore_errors=True)
        first = next(iter(outcomes.failed.values()), "None of its utterances has an alignment.")
        raise InputError(
            f"{manifest.corpus}: none of {len(utterances)} utterances could be done, so {out} is not written. {first}"
        )
    about = {"corpus": manifest.corpus, **job.about, "facts": dict(manifest.facts)}
    rows = [outcomes.done[i] for i in sorted(outcomes.done)]
    write_table(out, job.parts.merged(rows), about, folder)
    shutil.rmtree(folder, ignore_errors=True)
    return EmphasisTable(
        out,
        len(rows),
        sum(one.count for one in rows),
        tuple(utterances[i].id for i in sorted(outcomes.absent)),
        {utterances[i].id: outcomes.failed[i] for i in sorted(outcomes.failed)},
        report.n_found,
        report.computed_s,
        time.monotonic() - report.begun,
    )


@dataclass(frozen=True)
class _Result:
    """What became of a group: one outcome an utterance, how many of them were found, seconds of audio computed."""

    outcomes: Sequence[Rows | Exception]
    n_found: int
    audio_s: float


class _Outcomes:
    """What became of the utterances so far, by their place in the manifest."""

    def __init__(self) -> None:
        self.done: dict[int, Rows] = {}
        self.absent: set[int] = set()
        self.failed: dict[int, str] = {}

    def take(self, group: Sequence[int], result: _Result) -> None:
        for place, outcome in zip(group, result.outcomes, strict=True):
            if isinstance(outcome, Rows):
                self.done[place] = outcome
            elif isinstance(outcome, AbsentError):
                self.absent.add(place)
            else:
                self.failed[place] = str(outcome)


@dataclass
class _Item:
    """One utterance on its way to the kernels."""

    place: int
    key: str
    utterance: Utterance
    alignment: Alignment
    waveform: Float32 = field(init=False)
    f0_hz: Float64 = field(init=False)


class _Job:
    """What all workers share: scorer, F0, and the parts of this content and these settings."""

    def __init__(self, settings: Settings, store: Store, folder: Path, out: Path) -> None:
        f0 = f0_part(settings)
        self.alignment = settings.alignment
        scorer = make_part("emphasis", settings.emphasis, {"f0": f0.hash}, needs=("audio", "f0", "alignment"))
        self.f0 = StoredF0(f0.component, store.shelf(f0.producer))
        self.scorer: EmphasisScorer = scorer.component
        self.about = {"settings": scorer_settings(self.scorer), "f0": dict(f0.producer)}
        self.parts = Parts(folder / digest([FORMAT_VERSION, scorer.hash])[:16], out)

    def work(self, group: Sequence[Utterance]) -> _Result:
        """Step after step over the whole group: after F0 no other step finds its code and data in the cache."""
        outcomes: list[Rows | Exception] = [AbsentError("not reached")] * len(group)
        items: list[_Item] = []
        for place, utterance in enumerate(group):
            try:
                alignment = utterance_alignment(utterance, self.alignment)
                key = content_key(
                    id=utterance.id,
                    audio=audio_key(utterance),
                    alignment=alignment_digest(alignment),
                    transcript=utterance.transcript,
                )
            except Exception as error:  # this utterance's; the others are done
                outcomes[place] = _named(error)
                continue
            if key in self.parts.known:
                outcomes[place] = self.parts.known[key]
            else:
                items.append(_Item(place, key, utterance, alignment))
        n_found = sum(isinstance(outcome, Rows) for outcome in outcomes)
        for step in (self._load, self._find_f0):
            left = []
            for item in items:
                try:
                    step(item)
                except Exception as error:
                    outcomes[item.place] = _named(error)
                else:
                    left.append(item)
            items = left
        for item, outcome in self._score(items):
            outcomes[item.place] = outcome
        return _Result(outcomes, n_found, sum(len(item.waveform) for item in items) / SAMPLE_RATE_HZ)

    def _load(self, item: _Item) -> None:
        item.waveform = load_utterance(item.utterance)

    def _find_f0(self, item: _Item) -> None:
        item.f0_hz = self.f0.f0_hz(audio_key(item.utterance), item.waveform)
        check_utterance(item.waveform, item.alignment, item.f0_hz)

    def _score(self, items: Sequence[_Item]) -> Iterable[tuple[_Item, Rows | Exception]]:
        """All items as one part; where the scorer refuses one of them, each by itself."""
        if not items:
            return []
        try:
            words, found = emphasis_ragged(
                [item.waveform for item in items],
                [item.alignment for item in items],
                [item.f0_hz for item in items],
                [item.utterance.transcript for item in items],
                self.scorer,
            )
        except Exception as error:  # any plugin, any failure
            if len(items) == 1:
                return [(items[0], _named(error))]
            return [outcome for item in items for outcome in self._score([item])]
        counts = (found.offsets[1:] - found.offsets[:-1]).tolist()
        table = rows_table([item.utterance.id for item in items], words, found)
        return zip(items, self.parts.write([item.key for item in items], counts, table), strict=True)


class _Reporter:
    """Progress in seconds of audio, with the speed since the beginning."""

    def __init__(self, progress: ProgressCallback, total_s: float) -> None:
        self.progress, self.total_s = progress, total_s
        self.begun = time.monotonic()
        self.done_s = self.computed_s = 0.0
        self.n_found = 0

    def __call__(self, group_s: float, result: _Result, n_failed: int) -> None:
        self.done_s += group_s
        self.computed_s += result.audio_s
        self.n_found += result.n_found
        speed = self.computed_s / max(time.monotonic() - self.begun, 1e-9)
        note = f"{speed:.0f} s of audio a second" + (f", {n_failed} failed" if n_failed else "")
        self.progress(Progress("emphasis, s of audio", round(self.done_s), round(self.total_s), note))


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


def _named(error: Exception) -> Exception:
    return error if isinstance(error, MsftkError) else MsftkError(f"{type(error).__name__}: {error}")
