"""Which words are stressed: in one recording, or in every utterance of a corpus as a table, one row a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msftk.errors import AbsentError, InputError, MsftkError
from msftk.evaluation.plots import plot_emphasis
from msftk.interfaces import EmphasisScorer
from msftk.progress import Progress, ProgressCallback, silent
from msftk.prosody import emphasis, emphasis_json
from msftk.prosody.stress import scorer_settings
from msftk.recipes.emphasis_table import emphasis_writer
from msftk.recipes.extract import make_engine
from msftk.semantics.f0 import StoredF0, audio_key
from msftk.settings import Settings, load_settings
from msftk.speech.alignment import read_alignment
from msftk.speech.audio import load_audio, load_utterance
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import Manifest, read_manifest
from msftk.types import SAMPLE_RATE_HZ, Emphasis, Float32, Float64, Utterance


@dataclass(frozen=True)
class Recording:
    """One recording and its emphasis; `waveform` [samples] at 16 kHz, `f0_hz` [frames] on the 5 ms grid."""

    id: str
    waveform: Float32 = field(repr=False)
    f0_hz: Float64 = field(repr=False)
    emphasis: Emphasis

    def json(self) -> dict[str, Any]:
        return emphasis_json(self.id, self.emphasis)

    def plot(self, path: Path) -> None:
        """Draws the paper's Fig. 2; the suffix says the format."""
        plot_emphasis(self.id, self.waveform, self.f0_hz, self.emphasis, path)


@dataclass(frozen=True)
class EmphasisTable:
    """What became of a corpus: the table, its size, ids without alignment, and who failed (id -> message)."""

    path: Path
    n_utterances: int
    n_words: int
    absent: tuple[str, ...]
    failures: dict[str, str]


def emphasise_file(
    audio: Path, alignment: Path, settings: Settings | None = None, tiers: Mapping[str, str] | None = None
) -> Recording:
    """Emphasis of one recording; a table of many alignments is read at the audio's stem.

    `tiers` are options of the alignment reader, e.g. {"phone_tier": "phone"}.

    Raises InputError: unreadable audio or alignment, no spoken word, a word after the end of the audio.
    """
    waveform = load_audio(audio)
    try:
        words = read_alignment(alignment, audio.stem, options=tiers)
    except AbsentError as error:  # here the user named the file
        raise InputError(str(error)) from error
    settings = settings or load_settings()
    f0_hz = settings.create("f0").f0_hz(waveform, SAMPLE_RATE_HZ)
    scorer = settings.create("emphasis")
    return Recording(audio.stem, waveform, f0_hz, emphasis(waveform, SAMPLE_RATE_HZ, words, f0_hz=f0_hz, scorer=scorer))


def emphasise_utterance(utterance: Utterance, settings: Settings, store: Store) -> Recording:
    """Emphasis of one utterance of a corpus, its F0 read from the store, else computed and put there.

    Raises AbsentError without alignment, InputError as `emphasise_file`.
    """
    f0 = StoredF0.of(settings, store)
    with f0.shelf:
        return _emphasise(utterance, settings.create("emphasis"), f0)


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

    Columns: id, index, those of `emphasis_json`, in_segment. F0 is read from the store, else computed and put there, so
    an interrupted run loses none of it. A bad utterance is collected and the others are done; one without an alignment
    is `absent`. The table takes its name only when it is whole.

    Args:
        manifest: a manifest or its path.
        store: a store, its folder, or None for the default folder.
    Raises:
        InputError: no utterance could be done, `out` cannot be written, an option that does not exist.
    """
    if isinstance(manifest, Path):
        manifest = read_manifest(manifest)
    if not isinstance(store, Store):
        store = Store(default_store_path(store))
    scorer: EmphasisScorer = settings.create("emphasis")
    engine = make_engine(settings, workers)
    f0 = StoredF0.of(settings, store)

    def work(item: tuple[int, Utterance]) -> Emphasis:
        return _emphasise(item[1], scorer, f0).emphasis

    absent: dict[int, str] = {}
    failures: dict[int, tuple[str, str]] = {}
    about = {"corpus": manifest.corpus, "settings": scorer_settings(scorer), "facts": dict(manifest.facts)}
    n_all = len(manifest.utterances)
    with f0.shelf, emphasis_writer(out, about) as table:
        for done, ((place, utterance), result) in enumerate(engine.map(work, enumerate(manifest.utterances)), 1):
            if isinstance(result, AbsentError):
                absent[place] = utterance.id
            elif isinstance(result, Exception):
                known = isinstance(result, MsftkError)
                failures[place] = (utterance.id, str(result) if known else f"{type(result).__name__}: {result}")
            table.add(place, utterance.id, None if isinstance(result, Exception) else result)
            progress(Progress("emphasis", done, n_all, f"{len(failures)} failed" if failures else ""))
        n_done = n_all - len(absent) - len(failures)
        if not n_done:
            first = next(iter(failures.values()), ("", "None of its utterances has an alignment."))[1]
            raise InputError(
                f"{manifest.corpus}: none of {n_all} utterances could be done, so {out} is not written. {first}"
            )
    return EmphasisTable(
        out, n_done, table.n_rows, tuple(absent[i] for i in sorted(absent)), dict(failures[i] for i in sorted(failures))
    )


def _emphasise(utterance: Utterance, scorer: EmphasisScorer, f0: StoredF0) -> Recording:
    if utterance.alignment is None:
        raise AbsentError("no alignment")
    words = read_alignment(utterance.alignment, utterance.id)
    waveform = load_utterance(utterance)
    f0_hz = f0.f0_hz(audio_key(utterance), waveform)
    found = emphasis(waveform, SAMPLE_RATE_HZ, words, transcript=utterance.transcript, f0_hz=f0_hz, scorer=scorer)
    return Recording(utterance.id, waveform, f0_hz, found)
