"""Scores what was said of the utterances of a split: by a run, or in a table that was made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msftk.evaluation.evaluation import Evaluation, evaluate_predictions
from msftk.evaluation.prediction_csv import exchanged, read_prediction_csv
from msftk.evaluation.predictions import Predictions
from msftk.evaluation.scores import ratings_of
from msftk.store.columns import ids_of
from msftk.store.manifest import Manifest, read_manifest
from msftk.types import RatingScale, Utterance

ELSEWHERE = "made elsewhere"


@dataclass(frozen=True)
class Said:
    """Predictions of utterances that are to be scored, and what is known of how they came about."""

    predictions: Predictions
    utterances: Sequence[Utterance]
    cluster_by: str
    missing: Mapping[str, Any]
    protocol: Mapping[str, Any]
    folds: Mapping[str, Sequence[str]] = field(default_factory=dict)


def scored(said: Said, by: Sequence[str], peer: str | Path | None, scale: RatingScale | None) -> Evaluation:
    """Scores of it all and of its parts `by`, beside a peer's table, which is on `scale` if it does not say on what."""
    own = said.predictions.scale
    return evaluate_predictions(
        said.predictions,
        said.utterances,
        cluster_by=said.cluster_by,
        missing=said.missing,
        protocol={**said.protocol, **({"peer": str(peer)} if peer else {})},
        folds=said.folds,
        by=by,
        peer=None if peer is None else read_prediction_csv(peer, ids_of(said.utterances), own, scale),
    )


def evaluate_table(
    table: str | Path,
    manifest: Manifest | str | Path,
    split: str = "dev",
    *,
    by: Sequence[str] = (),
    peer: str | Path | None = None,
    scale: RatingScale | None = None,
) -> Evaluation:
    """The same scores of predictions that were made elsewhere: a CSV table, columns found by their names.

    Args and Raises as `evaluate` and `read_prediction_csv`; `scale` is what `table` is on too.
    """
    corpus = manifest if isinstance(manifest, Manifest) else read_manifest(manifest)
    utterances = corpus.split(split)
    predictions = read_prediction_csv(table, ids_of(utterances), corpus.scale, scale)
    by_id = {one.id: one for one in utterances}
    truth = ratings_of([by_id[one] for one in predictions.ids])
    card = {
        "predictions": str(table),
        "corpus": corpus.corpus,
        "corpus_facts": dict(corpus.facts),
        "scale": [corpus.scale.low, corpus.scale.high],
        "split": split,
        "role": ELSEWHERE,
        "notes": [note] if (note := exchanged(predictions.values, truth)) else [],
    }
    said = Said(predictions, utterances, corpus.facts.get("clusters", "speaker"), {"sources": {}}, card)
    return scored(said, by, peer, scale)
