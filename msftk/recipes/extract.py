"""Prepares a whole corpus into the feature store, from its manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msftk.consent import Consent, consenting
from msftk.preparation.extract import extract
from msftk.preparation.prepared import Prepared
from msftk.progress import ProgressCallback
from msftk.recipes.senses import with_labels
from msftk.recipes.transcribed import transcribed
from msftk.registry import registry
from msftk.settings import Settings
from msftk.store.features import Store, default_store_path
from msftk.store.manifest import read_manifest, write_manifest


@dataclass(frozen=True)
class Extraction:
    """What preparing a corpus came to; `ratings` is the manifest's word on its ratings ("planted ...") or None."""

    prepared: Prepared
    n_utterances: int
    ratings: str | None
    store: Path

    @property
    def made_by(self) -> dict[str, dict[str, int]]:
        """What was read ("transcript", "alignment", "description") -> who made it -> of how many utterances."""
        return self.prepared.makers(self.prepared.rows)

    def json(self) -> dict[str, Any]:
        """Counts of each source, failures, and where everything lies, in plain values."""
        prepared = self.prepared
        return {
            "n": self.n_utterances,
            "sources": {
                source: {
                    "group": prepared.groups[source],
                    "dim": dim,
                    "present": prepared.present[source],
                    "absent": dict(prepared.absent[source]),
                }
                for source, dim in prepared.dims.items()
            },
            "made_by": self.made_by,
            "stages": {stage: tally.json() for stage, tally in prepared.stages.items()},
            "failures": dict(prepared.failures),
            "warnings": dict(prepared.warnings),
            "ratings": self.ratings,
            "store": str(self.store),
            "producers": dict(prepared.producers),
        }


def extract_corpus(
    manifest: str | Path,
    settings: Settings,
    *,
    store: Store | str | Path | None = None,
    trust_remote_code: bool = False,
    progress: ProgressCallback | None = None,
    workers: int | None = None,
    retry_failed: bool = False,
    shard: str | None = None,
    out: Path | None = None,
) -> Extraction:
    """Prepares every utterance of a manifest, and F0 where the settings' acoustic encoder reads it.

    `store`: a store or its folder, None: MSFTK_STORE, else the user's cache folder. `trust_remote_code` lets Python
    code run that comes with a text encoder; `retry_failed` tries again what the store knows as failed; `shard`
    "i/n" prepares the i-th of n parts of the corpus; `out`: also a manifest with the transcripts that were made. Raises
    what `extract`, `read_manifest` and `transcribed` raise.
    """
    with_f0 = registry().get("acoustic-encoder", settings.acoustic.name).load().needs_f0
    corpus = read_manifest(manifest)
    settings = with_labels(settings, corpus.utterances)
    corpus = corpus.shard(shard)  # the labels are those of the whole
    place = store if isinstance(store, Store) else Store(default_store_path(store))
    place.serve(manifest)
    with consenting(Consent(remote_code=trust_remote_code, download=True, send=True)):
        prepared = extract(
            corpus.utterances,
            settings,
            place,
            with_f0=with_f0,
            progress=progress,
            workers=workers,
            retry_failed=retry_failed,
        )
        if out is not None:
            write_manifest(transcribed(corpus, settings, place), out)
    return Extraction(prepared, len(corpus.utterances), corpus.facts.get("ratings"), place.root)
