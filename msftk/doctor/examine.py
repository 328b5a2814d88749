"""Looks through a corpus before training: what is missing, odd or leaking, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from msftk.counting import counted
from msftk.doctor.asr import Recognition, recognise
from msftk.doctor.file_checks import check_files
from msftk.doctor.files import examine_files
from msftk.doctor.findings import SHOWN, Finding, errors_first
from msftk.doctor.manifest_checks import check_manifest
from msftk.errors import InputError
from msftk.evaluation.scores import ratings_of
from msftk.evaluation.yardsticks import person
from msftk.files import without_nan
from msftk.interfaces import CorpusReading
from msftk.progress import ProgressCallback, silent
from msftk.recipes.prepare import SplitCounts, count_splits, read_corpus
from msftk.registry import registry
from msftk.settings import Settings, load_settings
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import Manifest, read_manifest
from msftk.types import ATTRIBUTES


@dataclass(frozen=True)
class Ratings:
    """Ratings of one attribute on the corpus scale, NaN where there are none.

    `person` is the CCC of one rater against the mean of the others, `raters` how many people rated.
    """

    n: int
    lowest: float
    highest: float
    mean: float
    sd: float
    raters: int
    person: float


@dataclass(frozen=True)
class Diagnosis:
    """Everything found. `is_wrong`: training on this corpus as it is would be wrong."""

    corpus: str
    scale: str
    facts: Mapping[str, str]
    counts: tuple[SplitCounts, ...]
    ratings: Mapping[str, Ratings]
    findings: tuple[Finding, ...]
    recognition: Recognition | None = None

    @property
    def is_wrong(self) -> bool:
        return any(finding.level == "error" for finding in self.findings)

    def json(self) -> dict[str, Any]:
        """Plain values; undefined numbers are null."""
        plain: dict[str, Any] = without_nan(
            {
                "corpus": self.corpus,
                "scale": self.scale,
                "facts": dict(self.facts),
                "splits": [asdict(counts) for counts in self.counts],
                "ratings": {name: asdict(numbers) for name, numbers in self.ratings.items()},
                "findings": [asdict(finding) for finding in self.findings],
                "wrong": self.is_wrong,
                **({"asr": self.recognition.json()} if self.recognition else {}),
            }
        )
        return plain


def examine(
    source: Manifest | Path,
    *,
    corpus: str | None = None,
    decode: bool = False,
    settings: Settings | None = None,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
    asr: bool = False,
    store: Store | Path | None = None,
) -> Diagnosis:
    """Examines a manifest, its file, or the root of a corpus.

    Args:
        corpus: the adapter that reads a root; None: the one that knows it.
        settings: those of the training that the corpus is for: tiers of alignments, seconds kept; None: the defaults.
        decode: read all samples of the audio, not the headers alone (finds broken files and digital silence).
        asr: hear what has a transcript too, by the settings' transcriber, and count its word errors by split.
        store: where what was heard lies; None: MSFTK_STORE, else the user's cache folder.
    Raises:
        InputError: no adapter, or several, know the root; the root or the manifest cannot be read at all; see
            `recognise`.
    """
    report = progress or silent
    problems: tuple[str, ...] = ()
    if isinstance(source, Manifest):
        manifest = source
    elif source.suffix == ".parquet":
        manifest = read_manifest(source)
    else:
        read = read_corpus(corpus or corpus_of(source), source, workers=workers, progress=report)
        manifest, problems = read.manifest, read.problems
    settings = settings or load_settings()
    files = examine_files(manifest, settings, decode=decode, workers=workers, progress=report)
    findings = [*check_manifest(manifest), *check_files(manifest, files, settings)]
    if problems:
        findings = [_left_out(problems, len(manifest.utterances)), *findings]
    recognition = None
    if asr:
        place = store if isinstance(store, Store) else Store(default_store_path(store))
        recognition = recognise(manifest, settings, place, report, workers)
    return Diagnosis(
        manifest.corpus,
        str(manifest.scale),
        manifest.facts,
        count_splits(manifest),
        describe_ratings(manifest),
        errors_first(findings),
        recognition,
    )


def corpus_of(root: Path) -> str:
    """Name of the corpus adapter that can read `root`; an adapter refuses a tree that is not its own."""
    if not root.exists():
        raise InputError(f"{root}: no such file or folder. Give a manifest (.parquet) or the root of a corpus.")
    knowing = []
    for plugin in registry().plugins("corpus"):
        adapter = registry().create("corpus", plugin.name)
        try:
            reading: CorpusReading | None = adapter.read(root) if adapter.needs_root else None
        except InputError:
            continue
        if reading is not None and reading.utterances:
            knowing.append(plugin.name)
    if len(knowing) != 1:
        found = f"several corpora know it ({', '.join(knowing)})" if knowing else "no corpus adapter knows it"
        raise InputError(
            f"{root}: {found}. Name one with --corpus NAME (msftk plugins list), or prepare it first and give the "
            "manifest."
        )
    return knowing[0]


def describe_ratings(manifest: Manifest) -> dict[str, Ratings]:
    """Range, spread and agreement of each attribute."""
    values, agreement = ratings_of(manifest.utterances), person(manifest.utterances)
    people = {attribute: set[str]() for attribute in ATTRIBUTES}
    for utterance in manifest.utterances:
        for one in utterance.rater_ratings or ():
            for attribute in people.keys() & one.ratings:
                people[attribute].add(one.rater)
    described = {}
    for place, attribute in enumerate(ATTRIBUTES):
        given = values[:, place][~np.isnan(values[:, place])]
        found = given if len(given) else np.array([np.nan])
        described[attribute] = Ratings(
            n=len(given),
            lowest=float(found.min()),
            highest=float(found.max()),
            mean=float(found.mean()),
            sd=float(found.std()),
            raters=len(people[attribute]),
            person=agreement[attribute],
        )
    return described


def _left_out(problems: tuple[str, ...], n_kept: int) -> Finding:
    return Finding(
        "warning",
        "reading",
        f"{counted(len(problems), 'item')} cannot be used and {'is' if len(problems) == 1 else 'are'} left out, "
        f"{counted(n_kept, 'is', 'are')} kept",
        f"Correct {'it' if len(problems) == 1 else 'them'} in the corpus, then prepare again.",
        problems[:SHOWN],
    )
