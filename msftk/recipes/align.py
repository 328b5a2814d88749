"""Finds when each word was said in every utterance of a corpus that does not tell it: a job that can be resumed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msftk.consent import Consent, consenting
from msftk.counting import counted
from msftk.errors import AbsentError, InputError, MsftkError
from msftk.files import write_whole
from msftk.preparation.absences import Absences
from msftk.preparation.extract import Preparation
from msftk.preparation.given import NO_TRANSCRIPT
from msftk.preparation.material import Material
from msftk.progress import ProgressCallback, silent
from msftk.recipes.table_file import check_out
from msftk.registry import registry
from msftk.settings import Settings
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import Manifest, read_manifest, write_manifest
from msftk.types import Alignment, Tier, Utterance

TABLE_HEAD = ("id", "start", "end")


@dataclass(frozen=True)
class AlignedCorpus:
    """What became of a corpus: `n_made` of its utterances were aligned by `aligner`, `n_given` bring an alignment.

    `absent`: reason -> ids of those that have none; `warnings`, `failures`: id -> message; `out`: the manifest that
    was written, `store`: where the alignments lie.
    """

    n_utterances: int
    n_given: int
    n_made: int
    aligner: str
    absent: Mapping[str, tuple[str, ...]]
    warnings: Mapping[str, str]
    failures: Mapping[str, str]
    store: Path
    out: Path | None

    def json(self) -> dict[str, Any]:
        counts = {"n": self.n_utterances, "given": self.n_given, "aligned": self.n_made, "aligner": self.aligner}
        absent = {reason: list(ids) for reason, ids in self.absent.items()}
        why = {"absent": absent, "warnings": dict(self.warnings), "failures": dict(self.failures)}
        return {**counts, **why, "store": str(self.store), "out": str(self.out) if self.out else None}


def align_corpus(
    manifest: Manifest | str | Path,
    settings: Settings,
    *,
    out: str | Path | None = None,
    store: Store | str | Path | None = None,
    workers: int | None = None,
    shard: str | None = None,
    retry_failed: bool = False,
    trust_remote_code: bool = False,
    progress: ProgressCallback = silent,
) -> AlignedCorpus:
    """Aligns every utterance that brings no alignment, by the settings' aligner, into the store.

    What the store holds is not made again, refusals neither, unless `retry_failed`. `out` (.parquet) also writes the
    manifest with the alignments beside it: `OUT.words.csv` and `OUT.phones.csv`, with a score a word and who made it.

    Raises:
        InputError: the settings choose no aligner, no utterance has or gets an alignment, `out` cannot be written.
    """
    if not registry().get("aligner", settings.aligner.name).load().aligns:
        aligners = ", ".join(plugin.name for plugin in registry().plugins("aligner") if plugin.load().aligns)
        raise InputError(f"aligner '{settings.aligner.name}' aligns nothing. Choose one by --aligner: {aligners}.")
    out = None if out is None else Path(out)
    if out is not None:
        check_out(out, (".parquet",))
    corpus = manifest if isinstance(manifest, Manifest) else read_manifest(manifest)
    corpus = corpus.shard(shard)
    place = store if isinstance(store, Store) else Store(default_store_path(store))
    with consenting(Consent(remote_code=trust_remote_code, download=True)):
        preparation = Preparation(
            settings.model_copy(update={"semantics": ()}), place, needs=("alignment",), workers=workers
        )
        if retry_failed:
            preparation.shelves.forget_failed()
        preparation.align(corpus.utterances, progress)
        outcomes = _Outcomes(preparation, corpus.utterances)
    if not outcomes.made and not outcomes.n_given:
        raise InputError(
            f"{corpus.corpus}: none of {counted(len(corpus.utterances), 'utterance')} could be aligned. "
            f"{outcomes.first_trouble()}"
        )
    if out is not None:
        _write(corpus, outcomes.made, settings.aligner.name, out)
    return AlignedCorpus(
        len(corpus.utterances),
        outcomes.n_given,
        len(outcomes.made),
        settings.aligner.name,
        outcomes.absences.ids("alignment"),
        outcomes.warnings,
        outcomes.failures,
        place.root,
        out,
    )


class _Outcomes:
    """What the store now says of each utterance: `made` holds id -> alignment."""

    def __init__(self, preparation: Preparation, utterances: Sequence[Utterance]) -> None:
        self.n_given = 0
        self.made: dict[str, Alignment] = {}
        self.absences = Absences()
        self.warnings: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        for utterance in utterances:
            material = preparation.material(utterance)
            if material.is_aligned:
                self._take(utterance.id, material)
            else:
                self.n_given += 1

    def _take(self, name: str, material: Material) -> None:
        try:
            self.made[name] = material.alignment
        except AbsentError as absent:
            self.absences.add("alignment", str(absent) if material.has_transcript else NO_TRANSCRIPT, name)
        except MsftkError as error:
            self.failures[name] = str(error)
        if material.warnings:
            self.warnings[name] = " ".join(material.warnings.values())

    def first_trouble(self) -> str:
        """Why nothing could be aligned."""
        for message in (*self.failures.values(), *self.warnings.values()):
            return message
        reasons = self.absences.counts("alignment")
        return f"Each lacks it for this reason: {next(iter(reasons))}." if len(reasons) == 1 else f"Reasons: {reasons}."


def _write(corpus: Manifest, made: Mapping[str, Alignment], aligner: str, out: Path) -> None:
    """The manifest, in which those that were aligned name the tables beside it."""
    words, phones = (out.with_name(f"{out.stem}.{what}.csv") for what in ("words", "phones"))
    with_phones = any(len(alignment.phones) for alignment in made.values())
    write_whole(words, _table((*TABLE_HEAD, "word", "score", "aligner"), _word_rows(made)))
    if with_phones:
        write_whole(phones, _table((*TABLE_HEAD, "phone"), _phone_rows(made)))
    utterances = [replace(u, alignment=words.absolute()) if u.id in made else u for u in corpus.utterances]
    facts = {**corpus.facts, "aligned": f"{len(made)} of {len(utterances)} by {aligner}"}
    write_manifest(replace(corpus, utterances=utterances, facts=facts), out)


def _word_rows(made: Mapping[str, Alignment]) -> Iterator[tuple[str, ...]]:
    for name, alignment in made.items():
        scores = () if alignment.word_scores is None else alignment.word_scores
        for row, score in zip(_rows(alignment.words), scores, strict=True):
            yield (name, *row, f"{score:.4f}", alignment.aligner)


def _phone_rows(made: Mapping[str, Alignment]) -> Iterator[tuple[str, ...]]:
    return ((name, *row) for name, alignment in made.items() for row in _rows(alignment.phones))


def _rows(tier: Tier) -> Iterator[tuple[str, str, str]]:
    """Start, end in microseconds' precision, label."""
    for start_s, end_s, label in zip(tier.start_s, tier.end_s, tier.labels, strict=True):
        yield f"{start_s:.6f}", f"{end_s:.6f}", label


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()
